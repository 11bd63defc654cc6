package dev.chowder.server.stream;

import static dev.chowder.base.ErrorText.cannot;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.error.ApiError;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * The {@link Sink} of a response body. Its first message has the content type. A caller that reads
 * nothing for some time fails the stream with {@code NO_ANSWER_IN_TIME}.
 */
public final class BodySink {
  private final StreamObserver<HttpBody> out;
  private final Sink<HttpBody> sink;
  private final Duration stallTimeout;
  private final String action;
  private final boolean resets;
  private volatile boolean begun;
  private String contentType = "application/octet-stream";

  /**
   * Creates the sink of a call, on the call's own thread.
   *
   * @param stallTimeout how long the caller may read nothing
   */
  public BodySink(StreamObserver<HttpBody> out, Duration stallTimeout) {
    this(out, stallTimeout, "send the response", false);
  }

  private BodySink(
      StreamObserver<HttpBody> out, Duration stallTimeout, String action, boolean resets) {
    this.out = out;
    this.sink = new Sink<>(out, new Ending());
    this.stallTimeout = stallTimeout;
    this.action = action;
    this.resets = resets;
  }

  /**
   * Creates the sink of a call of a service with {@link ResettableBodies}. Over REST, a failure
   * after the body has begun resets the stream.
   */
  public static BodySink resettable(StreamObserver<HttpBody> out, Duration stallTimeout) {
    boolean transcoded = CallHeaders.requested("x-envoy-original-path").isPresent();
    return new BodySink(out, stallTimeout, "download the body", transcoded);
  }

  private final class Ending implements Sink.Ending {
    @Override
    public void complete() {
      // An empty body still needs a type and a status.
      if (!begun) out.onNext(next(ByteString.EMPTY));
      out.onCompleted();
    }

    @Override
    public void fail(Throwable why) {
      if (begun && resets) {
        out.onNext(ResettableBodies.RESET);
      } else {
        out.onError(why);
      }
    }
  }

  /** Starts the source as {@link Sink#run(String, Runnable)} does. */
  public void run(String thread, Runnable source) {
    sink.run(thread, source);
  }

  /** Sets the type of the body. Call it before the first {@link #send}. */
  public void type(String type) {
    contentType = type;
  }

  /** Returns whether a part of the body was sent. */
  public boolean hasBegun() {
    return begun;
  }

  /** Sends the next bytes as soon as the transport has room. */
  public void send(ByteString data) {
    awaitRoom();
    sink.send(next(data));
  }

  private HttpBody next(ByteString data) {
    var body = HttpBody.newBuilder().setData(data);
    if (!begun) body.setContentType(contentType);
    begun = true;
    return body.build();
  }

  /** Waits until the transport has room. */
  public void awaitRoom() {
    awaitRoomOr(() -> false);
  }

  /** Waits until the transport has room or the condition is true; {@link #wake} checks it again. */
  public void awaitRoomOr(BooleanSupplier condition) {
    if (sink.awaitRoomOr(condition, stallTimeout)) return;
    throw ApiError.of(
        Reason.NO_ANSWER_IN_TIME,
        cannot(action, "the client read nothing for " + stallTimeout.toSeconds() + " s"));
  }

  /** Waits as {@link Sink#await(BooleanSupplier, Duration)} does. */
  public boolean await(BooleanSupplier condition, Duration limit) {
    return sink.await(condition, limit);
  }

  /** See {@link Sink#wake}. */
  public void wake() {
    sink.wake();
  }

  /** See {@link Sink#pause}. */
  public void pause(Duration time) {
    sink.pause(time);
  }

  /** Sends the last bytes of a body that has begun without waiting for room, and completes it. */
  public void completeWith(ByteString last) {
    sink.end(
        () -> {
          out.onNext(next(last));
          out.onCompleted();
        });
  }
}
