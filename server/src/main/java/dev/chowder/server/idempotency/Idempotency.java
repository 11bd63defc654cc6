package dev.chowder.server.idempotency;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Sha256;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.ReasonFacts;
import dev.chowder.server.rpc.RpcFacts;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.IdempotencyRows.CallKey;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Performs a call with an idempotency key once, and returns its first result when it is repeated.
 * Only the check of the fields is further in, so that it sees requests and responses as messages.
 *
 * @param claims has the results
 */
public record Idempotency(Claims claims) implements ServerInterceptor {
  static final String HEADER_NAME = "idempotency-key";

  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of(HEADER_NAME, Metadata.ASCII_STRING_MARSHALLER);
  private static final int MAX_KEY = 255;
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1," + MAX_KEY + "}");

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var use = KeyedMethods.useOf(RpcFacts.of(call.getMethodDescriptor()));
    if (use == KeyedMethods.Use.UNUSED || !headers.containsKey(HEADER)) {
      return next.startCall(call, headers);
    }
    if (use == KeyedMethods.Use.REJECTED) {
      throw ApiError.must(HEADER_NAME, "not be set, because this call cannot be repeated");
    }
    var key =
        new CallKey(
            Caller.current().organizationId(),
            call.getMethodDescriptor().getFullMethodName(),
            key(headers));
    var id = new NewId.Holder();
    var recorded = new RecordedCall<>(call);
    var listener = Contexts.interceptCall(id.in(Context.current()), recorded, headers, next);
    return new KeyedListener<>(listener, recorded, key, id);
  }

  private static String key(Metadata headers) {
    var sent = headers.getAll(HEADER);
    var values = sent == null ? Collections.<String>emptyIterator() : sent.iterator();
    var value = values.hasNext() ? values.next() : "";
    if (values.hasNext()) throw ApiError.must(HEADER_NAME, "be set once");
    if (!KEY.matcher(value).matches()) {
      throw ApiError.must(
          HEADER_NAME,
          "be 1 to " + MAX_KEY + " characters of visible ASCII",
          value.length() + " characters");
    }
    return value;
  }

  /** Returns the error of a repeated call whose response may not be returned again. */
  public static ApiError alreadyDone(String resourceId) {
    return ApiError.of(
            Reason.ALREADY_DONE,
            cannot(
                "return the response again",
                "the first call with this idempotency key is done, and its response is shown only"
                    + " once",
                "use another key for another call"))
        .with(Map.of("id", resourceId));
  }

  /** Claims the call once the request is complete. */
  private final class KeyedListener<Q, A> extends SimpleForwardingServerCallListener<Q> {
    private final RecordedCall<Q, A> call;
    private final CallKey key;
    private final NewId.Holder id;
    private @Nullable Q request;

    KeyedListener(
        ServerCall.Listener<Q> service, RecordedCall<Q, A> call, CallKey key, NewId.Holder id) {
      super(service);
      this.call = call;
      this.key = key;
      this.id = id;
    }

    @Override
    public void onMessage(Q message) {
      request = message;
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (!(request instanceof MessageLite message)) {
        super.onHalfClose();
        return;
      }
      switch (claims.take(key, digest(message))) {
        case Claims.Decision.Replay(var answer) -> call.replay(answer);
        case Claims.Decision.Perform(var claim) -> {
          id.hold(claim);
          call.record(claim);
          try {
            super.onHalfClose();
          } catch (RuntimeException | Error thrown) {
            call.failed(thrown);
            throw thrown;
          }
        }
      }
    }

    @Override
    public void onCancel() {
      super.onCancel();
      call.cancelled();
    }
  }

  /** Stores the result of the service before the caller gets it. */
  private static final class RecordedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private @Nullable Claim claim;
    private @Nullable A answer;

    RecordedCall(ServerCall<Q, A> call) {
      super(call);
    }

    void record(Claim held) {
      claim = held;
    }

    @Override
    public void sendMessage(A message) {
      answer = message;
      super.sendMessage(message);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (claim != null) {
        if (status.isOk() && answer != null) claim.answered(result(claim, answer));
        else end(claim, ApiError.in(status.getCause()));
      }
      super.close(status, trailers);
    }

    void failed(Throwable thrown) {
      if (claim != null) end(claim, ApiError.in(thrown));
    }

    void cancelled() {
      if (claim != null) claim.abandoned(Optional.empty());
    }

    private Answer result(Claim held, A message) {
      if (RpcFacts.of(getMethodDescriptor()).hasSecretResponse()) {
        return new Answer.Done(held.resourceId());
      }
      try (var stream = getMethodDescriptor().streamResponse(message)) {
        var bytes = ByteString.readFrom(stream);
        return bytes.size() > IdempotencyRows.MAX_ANSWER_BYTES
            ? new Answer.Done(held.resourceId())
            : new Answer.Message(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void replay(Answer given) {
      switch (given) {
        case Answer.Refusal(var why) -> throw why;
        case Answer.Done(var resourceId) -> throw alreadyDone(resourceId);
        case Answer.Message(var bytes) -> {
          InputStream stream = bytes.newInput();
          super.sendHeaders(new Metadata());
          super.sendMessage(getMethodDescriptor().parseResponse(stream));
          super.close(Status.OK, new Metadata());
        }
      }
    }
  }

  /** Ends the claim of a call that failed; {@code why} is null if its error is unknown. */
  static void end(Claim held, @Nullable ApiError why) {
    if (why == null) {
      held.abandoned(Optional.empty());
      return;
    }
    switch (Fate.of(why.reason())) {
      case KEPT -> held.answered(new Answer.Refusal(why));
      case FORGOTTEN -> held.forgotten(why);
      case UNKNOWN -> held.abandoned(Optional.of(why));
      case CALLERS_OWN -> held.abandoned(Optional.empty());
    }
  }

  /** How a failed call ends its claim. */
  enum Fate {
    /** The error is the result of the call. */
    KEPT,
    /** Nothing was changed, and a repeated call may succeed. */
    FORGOTTEN,
    /** Something may have changed, so the id stays and the next call checks. */
    UNKNOWN,
    /**
     * Like {@link #UNKNOWN}, but for this caller only. A call that waits performs its own attempt.
     */
    CALLERS_OWN;

    static Fate of(Reason reason) {
      // Another call took over, or the call was repeated too early, so there is no result.
      if (reason == Reason.IN_PROGRESS) return UNKNOWN;
      // The API key ended, or its organization was suspended, during the call. Other keys of the
      // organization must not get this error, nor calls after a resume.
      if (reason == Reason.KEY_INVALID || reason == Reason.ORGANIZATION_SUSPENDED) {
        return CALLERS_OWN;
      }
      // Admission rejects a call before it changes anything.
      if (reason == Reason.NO_CAPACITY) return FORGOTTEN;
      return switch (Integer.valueOf(ReasonFacts.of(reason).httpStatus())) {
        case 402, 429 -> FORGOTTEN;
        case 499 -> CALLERS_OWN;
        case Integer status when status < 500 -> KEPT;
        case Integer _ -> UNKNOWN;
      };
    }
  }

  /** Returns SHA-256 of the request, independent of the order of map entries. */
  private static ByteString digest(MessageLite request) {
    try {
      var bytes = new byte[request.getSerializedSize()];
      var out = CodedOutputStream.newInstance(bytes);
      out.useDeterministicSerialization();
      request.writeTo(out);
      return ByteString.copyFrom(Sha256.of(bytes));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
