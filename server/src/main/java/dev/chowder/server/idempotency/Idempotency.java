package dev.chowder.server.idempotency;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
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
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes a call that carries an idempotency key once, however often it comes, and gives its first
 * answer again. It stands next to the services, so that requests and answers pass it as messages.
 */
public final class Idempotency implements ServerInterceptor {
  static final String HEADER_NAME = "idempotency-key";

  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of(HEADER_NAME, Metadata.ASCII_STRING_MARSHALLER);
  private static final int MAX_KEY = 255;
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1," + MAX_KEY + "}");

  private final Claims claims;
  private final KeyedMethods methods;

  /**
   * Answers from {@code claims} what was answered before.
   *
   * @param withoutCaller full names of the methods that need no key of an organization
   */
  public Idempotency(Claims claims, Set<String> withoutCaller) {
    this.claims = claims;
    this.methods = new KeyedMethods(withoutCaller);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var use = methods.useOf(call.getMethodDescriptor());
    if (use == KeyedMethods.Use.NEEDLESS || !headers.containsKey(HEADER)) {
      return next.startCall(call, headers);
    }
    if (use == KeyedMethods.Use.REFUSED) {
      throw ApiError.invalid(HEADER_NAME, "given (expected: none, this call cannot be repeated)");
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
    var said = headers.getAll(HEADER);
    var values = said == null ? Collections.<String>emptyIterator() : said.iterator();
    var value = values.hasNext() ? values.next() : "";
    if (values.hasNext()) throw ApiError.invalid(HEADER_NAME, "more than one (expected: one)");
    if (!KEY.matcher(value).matches()) {
      throw ApiError.invalid(
          HEADER_NAME,
          value.length()
              + " characters (expected: 1 to "
              + MAX_KEY
              + " characters of visible ASCII)");
    }
    return value;
  }

  /** Another call with the key is under way, or took over from this one. */
  public static ApiError inProgress() {
    return ApiError.of(
        Reason.IN_PROGRESS,
        HEADER_NAME + ": a call with it is under way (expected: its end; try again shortly)");
  }

  /** It was done, and what it answered may not be shown again. */
  public static ApiError alreadyDone(String resourceId) {
    return ApiError.of(
            Reason.ALREADY_DONE,
            HEADER_NAME + ": used before (expected: another key; the answer is shown only once)")
        .with(Map.of("id", resourceId));
  }

  /** Asks whose turn it is as soon as the whole request is there. */
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
        case Claims.Turn.Given(var answer) -> call.replay(answer);
        case Claims.Turn.Make(var claim) -> {
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

  /** Keeps what the service answers before the caller can see it. */
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
        if (status.isOk() && answer != null) claim.answered(kept(claim, answer));
        else refused(claim, ApiError.in(status.getCause()));
      }
      super.close(status, trailers);
    }

    void failed(Throwable thrown) {
      if (claim != null) refused(claim, ApiError.in(thrown));
    }

    void cancelled() {
      if (claim != null) claim.abandoned(Optional.empty());
    }

    private Answer kept(Claim held, A message) {
      if (KeyedMethods.answersWithSecret(getMethodDescriptor())) {
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
  static void refused(Claim held, @Nullable ApiError why) {
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

  /** What becomes of a refusal. */
  enum Fate {
    /** It is the answer. */
    KEPT,
    /** Nothing was done, and another time it may be. */
    FORGOTTEN,
    /** Something may have been done, so the id stays, and the next one finds out. */
    UNKNOWN,
    /** As unknown, but it concerns this caller alone: a call that waits makes its own attempt. */
    CALLERS_OWN;

    static Fate of(Reason reason) {
      // The call was overtaken, or its repetition came too early: that is no result of the call.
      if (reason == Reason.IN_PROGRESS) return UNKNOWN;
      // The key ended, or its organization was suspended, during the call. That is no answer to
      // another key of the organization, nor after it was resumed.
      if (reason == Reason.KEY_INVALID || reason == Reason.ORGANIZATION_SUSPENDED) {
        return CALLERS_OWN;
      }
      // Admission refuses before anything is begun.
      if (reason == Reason.NO_CAPACITY) return FORGOTTEN;
      return switch (Integer.valueOf(reason.httpStatus())) {
        case 402, 429 -> FORGOTTEN;
        case 499 -> CALLERS_OWN;
        case Integer status when status < 500 -> KEPT;
        case Integer _ -> UNKNOWN;
      };
    }
  }

  /** SHA-256 of the request, the same whichever order a map's entries came in. */
  private static ByteString digest(MessageLite request) {
    try {
      var bytes = new byte[request.getSerializedSize()];
      var out = CodedOutputStream.newInstance(bytes);
      out.useDeterministicSerialization();
      request.writeTo(out);
      return ByteString.copyFrom(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
