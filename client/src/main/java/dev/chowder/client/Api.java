package dev.chowder.client;

import dev.chowder.client.context.Context;
import dev.chowder.client.failure.ClientException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The API of one server. Several threads may use it. A failed call is tried again, at most 4 times
 * within its limit, if it was not executed or if another execution would change nothing. Pauses
 * double from 0.2 s, or are those that the server demands, up to 20 s.
 *
 * <p>All calls throw {@link ApiException} if the server rejects them, and otherwise {@link
 * ClientException}.
 */
public final class Api implements AutoCloseable {
  /** Larger than a page of the largest instances. */
  private static final int MAX_BODY = 32 << 20;

  private static final int MAX_ERROR_BODY = 64 << 10;
  private static final String JSON = "application/json";
  private static final String EVENTS = "text/event-stream";
  private static final String BYTES = "*/*";

  private final Transport transport;
  private final Consumer<Retry> retries;
  private final Consumer<Exchange> exchanges;
  private final Pause pause;

  /**
   * A call that is about to be tried again.
   *
   * @param cause why the last try failed
   * @param pause the time until the next one
   */
  public record Retry(ClientException cause, Duration pause) {}

  /**
   * One try of a call.
   *
   * @param target the path and the query
   * @param status the status of HTTP; 0 if there was no response
   * @param time until the response, or for a stream until its headers
   */
  public record Exchange(String method, String target, int status, Duration time) {}

  /** Waits between two tries. */
  interface Pause {
    void sleep(Duration time) throws InterruptedException;
  }

  /**
   * Creates a client, which connects at its first call.
   *
   * @param retries receives each repetition before its pause, on the thread of the call
   * @param exchanges receives each try after its end, on the thread of the call
   * @throws ClientException if a certificate or a key of the context cannot be used
   */
  public Api(Context context, Consumer<Retry> retries, Consumer<Exchange> exchanges) {
    this(context, retries, exchanges, Thread::sleep);
  }

  Api(Context context, Consumer<Retry> retries, Consumer<Exchange> exchanges, Pause pause) {
    this.transport = new Transport(context);
    this.retries = retries;
    this.exchanges = exchanges;
    this.pause = pause;
  }

  /** Sends a call and returns its response, whose body has at most 32 MiB. */
  public Reply send(Call call) {
    var handler =
        HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BODY);
    var body = tryUntilAccepted(call, JSON, handler).body();
    return new Reply(new String(body, StandardCharsets.UTF_8));
  }

  /**
   * Sends a call and returns the events of its response. The limit of the call ends with the first
   * bytes, and the caller closes the stream.
   */
  public EventStream stream(Call call) {
    var body = tryUntilAccepted(call, EVENTS, Api::streamOrError).body();
    return new EventStream((InputStream) body);
  }

  /**
   * Sends a call and copies the bytes of its response. The response may take long, but fails if no
   * byte arrives for 75 s.
   *
   * @throws IOException if the connection breaks meanwhile, or if the target cannot be written
   */
  public void download(Call call, OutputStream target) throws IOException {
    var body = tryUntilAccepted(call, BYTES, Api::streamOrError).body();
    try (var stream = (InputStream) body;
        var stall = StallLimit.start(stream)) {
      stall.copy(target);
    }
  }

  /** The time limit of a call includes the body of an error, but not a stream. */
  private static HttpResponse.BodySubscriber<Object> streamOrError(HttpResponse.ResponseInfo head) {
    return head.statusCode() / 100 == 2
        ? HttpResponse.BodySubscribers.mapping(
            HttpResponse.BodySubscribers.ofInputStream(), stream -> stream)
        : HttpResponse.BodySubscribers.mapping(
            HttpResponse.BodySubscribers.limiting(
                HttpResponse.BodySubscribers.ofByteArray(), MAX_BODY),
            bytes -> bytes);
  }

  private <T> HttpResponse<T> tryUntilAccepted(
      Call call, String accept, HttpResponse.BodyHandler<T> handler) {
    long deadline = System.nanoTime() + call.limit().toNanos();
    boolean mayBeExecuted = false;
    for (int tries = 1; ; tries++) {
      try {
        var left = Duration.ofNanos(deadline - System.nanoTime());
        var response = exchange(call, accept, handler, left);
        if (response.statusCode() / 100 == 2) return response;
        throw error(response);
      } catch (ClientException failure) {
        var left = Duration.ofNanos(deadline - System.nanoTime());
        var next =
            Repetition.pause(call, failure, tries, left, ThreadLocalRandom.current().nextDouble());
        if (next.isEmpty()) {
          throw mayBeExecuted && failure instanceof ApiException error
              ? error.ofRepeatedCall()
              : failure;
        }
        retries.accept(new Retry(failure, next.get()));
        sleep(next.get());
        mayBeExecuted |= !Repetition.isUnexecuted(failure);
      }
    }
  }

  private <T> HttpResponse<T> exchange(
      Call call, String accept, HttpResponse.BodyHandler<T> handler, Duration limit) {
    long began = System.nanoTime();
    int status = 0;
    try {
      var response = transport.send(call, accept, handler, limit);
      status = response.statusCode();
      return response;
    } finally {
      var time = Duration.ofNanos(System.nanoTime() - began);
      exchanges.accept(new Exchange(call.method(), call.target(), status, time));
    }
  }

  private void sleep(Duration time) {
    try {
      pause.sleep(time);
    } catch (InterruptedException interrupted) {
      throw ClientException.interrupted(interrupted);
    }
  }

  private static ApiException error(HttpResponse<?> response) {
    return ApiException.of(response.statusCode(), response.headers(), text(response.body()));
  }

  /** Returns the beginning of the body of an error. */
  private static String text(@Nullable Object body) {
    return body instanceof byte[] bytes
        ? new String(bytes, 0, Math.min(bytes.length, MAX_ERROR_BODY), StandardCharsets.UTF_8)
        : "";
  }

  /**
   * Ends the client. A JVM that exits waits 0.3 s for a thread that waits for the network, so each
   * program calls this before its end.
   */
  @Override
  public void close() {
    transport.close();
  }
}
