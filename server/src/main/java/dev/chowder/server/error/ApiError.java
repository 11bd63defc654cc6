package dev.chowder.server.error;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.chowder.actor.NoReplyException;
import dev.chowder.admission.RejectedException;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.ErrorText;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * An error that a caller receives. A service throws it or passes it to {@code
 * StreamObserver.onError}; {@link ErrorInterceptor} converts it to status, details and headers. Its
 * message, built by {@link ErrorText}, is public: it must not contain a secret or a path of the
 * server.
 */
public final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The domain of every {@code ErrorInfo}. */
  public static final String DOMAIN = "chowder.dev";

  static final Metadata.Key<String> HTTP_STATUS = ascii("x-http-status");
  static final Metadata.Key<String> HTTP_CONTENT_TYPE = ascii("x-http-content-type");
  static final Metadata.Key<String> RETRY_AFTER = ascii("retry-after");
  static final Metadata.Key<String> SHOULD_RETRY = ascii("x-should-retry");
  static final Metadata.Key<String> AUTHENTICATE = ascii("www-authenticate");
  static final Metadata.Key<String> NODE = ascii("x-chowder-node");
  static final Metadata.Key<com.google.rpc.Status> DETAILS =
      Metadata.Key.of(
          "grpc-status-details-bin",
          ProtoUtils.metadataMarshaller(com.google.rpc.Status.getDefaultInstance()));

  private static final JsonFormat.Printer JSON =
      JsonFormat.printer()
          .preservingProtoFieldNames()
          .omittingInsignificantWhitespace()
          .usingTypeRegistry(
              TypeRegistry.newBuilder()
                  .add(ErrorInfo.getDescriptor())
                  .add(BadRequest.getDescriptor())
                  .add(RetryInfo.getDescriptor())
                  .build());

  private static final String NODE_FACT = "node";

  private static final int UPGRADE_RETRY_AFTER_SECONDS = 30;

  /** About as long as a database takes to start. */
  private static final int OUTAGE_RETRY_AFTER_SECONDS = 5;

  private final Reason reason;
  private final @Nullable String field;
  private final @Nullable Integer retryAfterSeconds;

  @SuppressWarnings("serial") // Never serialized: passed only from a service to its interceptor.
  private final Map<String, String> facts;

  private ApiError(
      Reason reason,
      String message,
      @Nullable String field,
      @Nullable Integer retryAfterSeconds,
      Map<String, String> facts) {
    // No stack trace: this is a response, not a bug, and must be cheap.
    super(message, null, false, false);
    this.reason = reason;
    this.field = field;
    this.retryAfterSeconds = retryAfterSeconds;
    this.facts = Map.copyOf(facts);
  }

  public static ApiError of(Reason reason, String message) {
    return new ApiError(reason, message, null, null, Map.of());
  }

  /** Returns the error that {@link #toStatusProto} converted, for responses that are replayed. */
  public static ApiError of(com.google.rpc.Status status) {
    Reason reason = Reason.INTERNAL;
    Map<String, String> facts = Map.of();
    String field = null;
    Integer retryAfterSeconds = null;
    try {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          var info = detail.unpack(ErrorInfo.class);
          reason = Reason.valueOf(info.getReason());
          facts = info.getMetadataMap();
        } else if (detail.is(BadRequest.class)) {
          field = detail.unpack(BadRequest.class).getFieldViolations(0).getField();
        } else if (detail.is(RetryInfo.class)) {
          retryAfterSeconds = (int) detail.unpack(RetryInfo.class).getRetryDelay().getSeconds();
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(
          cannot("read the details of an error", "they are malformed"), e);
    }
    return new ApiError(reason, status.getMessage(), field, retryAfterSeconds, facts);
  }

  /** Returns the error for a wrong field, with the message {@code field: why}. */
  public static ApiError invalid(String field, String why) {
    return new ApiError(Reason.INVALID_FIELD, field + ": " + why, field, null, Map.of());
  }

  /** Returns the error for a wrong field; see {@link ErrorText#must(String, String)}. */
  public static ApiError must(String field, String rule) {
    return invalid(field, ErrorText.rule(rule));
  }

  /** Returns the error for a wrong field; see {@link ErrorText#must(String, String, Object)}. */
  public static ApiError must(String field, String rule, Object got) {
    return invalid(field, ErrorText.rule(rule, got));
  }

  /** Returns the error for a call whose thread was interrupted, because the caller disconnected. */
  public static ApiError cancelled() {
    return of(Reason.CANCELLED, "the call was cancelled");
  }

  /** Returns the error for a call that a shutdown of this node interrupts. */
  public static ApiError nodeStops(String verb, String remedy) {
    return of(Reason.SERVER_UNAVAILABLE, cannot(verb, "this node is shutting down", remedy));
  }

  public static ApiError instanceNotFound() {
    return of(Reason.INSTANCE_NOT_FOUND, "Instance not found.");
  }

  /** Returns WRONG_STATE; {@code facts} become the metadata of its {@code ErrorInfo}. */
  public static ApiError wrongState(String message, Map<String, String> facts) {
    return new ApiError(Reason.WRONG_STATE, message, null, null, facts);
  }

  /** Returns RATE_LIMITED; the caller may retry after the given seconds. */
  public static ApiError rateLimited(String message, int retryAfterSeconds) {
    return new ApiError(Reason.RATE_LIMITED, message, null, retryAfterSeconds, Map.of());
  }

  /**
   * Returns the error of a call while another call with its idempotency key is in progress, or has
   * taken over.
   */
  public static ApiError inProgress() {
    return of(
        Reason.IN_PROGRESS,
        cannot(
            "perform the call",
            "another call with its idempotency key is in progress",
            "retry later"));
  }

  /** Returns the error for a key that was revoked or expired after the call was authenticated. */
  public static ApiError keyEnded() {
    return of(
        Reason.KEY_INVALID,
        ErrorText.must("authorization", "be a valid key", "a revoked or expired key"));
  }

  /** Returns the error for an organization that the operator suspended or is deleting. */
  public static ApiError organizationSuspended() {
    return of(
        Reason.ORGANIZATION_SUSPENDED,
        cannot(
            "use the organization's keys",
            "the operator suspended the organization",
            "ask the operator to resume it"));
  }

  /**
   * Returns NO_CAPACITY of the server or the host; the caller may retry after the given seconds.
   */
  public static ApiError noCapacity(String message, int retryAfterSeconds) {
    return new ApiError(Reason.NO_CAPACITY, message, null, retryAfterSeconds, Map.of());
  }

  /** Returns SERVER_UNAVAILABLE; the caller may retry after the given seconds. */
  public static ApiError unavailable(String message, int retryAfterSeconds) {
    return new ApiError(Reason.SERVER_UNAVAILABLE, message, null, retryAfterSeconds, Map.of());
  }

  /**
   * Returns SERVER_UNAVAILABLE of a node that cannot serve the call, although another one can.
   *
   * @param node name of the other node, which callers get as metadata {@code node}
   */
  public static ApiError otherNode(String message, String node) {
    return of(Reason.SERVER_UNAVAILABLE, message).with(Map.of(NODE_FACT, node));
  }

  /** Returns the error for a database that does not answer; see {@code Outage}. */
  public static ApiError databaseUnavailable() {
    return unavailable(
        cannot(
            "complete the call",
            "the database does not answer",
            "repeat it later with the same idempotency-key, since it may have taken effect"),
        OUTAGE_RETRY_AFTER_SECONDS);
  }

  /** Returns the error for a call whose events the nodes of the previous version cannot read. */
  public static ApiError upgradeUnderWay() {
    return unavailable(
        cannot(
            "complete the call",
            "the nodes of this server are being upgraded",
            "retry after the upgrade"),
        UPGRADE_RETRY_AFTER_SECONDS);
  }

  /** Returns whether the node cannot serve the call, although another one can. */
  public boolean namesAnotherNode() {
    return facts.containsKey(NODE_FACT);
  }

  /** Returns this error with other metadata in its {@code ErrorInfo}. */
  public ApiError with(Map<String, String> moreFacts) {
    return new ApiError(reason, message(), field, retryAfterSeconds, moreFacts);
  }

  public Reason reason() {
    return reason;
  }

  /** Returns the gRPC code of the reason. */
  public Status.Code code() {
    return ReasonFacts.of(reason).code();
  }

  /** Returns the HTTP status of the reason over REST. */
  public int httpStatus() {
    return ReasonFacts.of(reason).httpStatus();
  }

  /** Never null, unlike {@link #getMessage()}. */
  public String message() {
    String message = getMessage();
    return message == null ? reason.name() : message;
  }

  /** Returns the whole error: code, message and exactly one {@code ErrorInfo}. */
  public com.google.rpc.Status toStatusProto() {
    var status =
        com.google.rpc.Status.newBuilder()
            .setCode(code().value())
            .setMessage(message())
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(reason.name())
                        .setDomain(DOMAIN)
                        .putAllMetadata(facts)
                        .build()));
    if (field != null) {
      status.addDetails(
          Any.pack(
              BadRequest.newBuilder()
                  .addFieldViolations(
                      BadRequest.FieldViolation.newBuilder()
                          .setField(field)
                          .setDescription(message()))
                  .build()));
    }
    if (retryAfterSeconds != null) {
      status.addDetails(
          Any.pack(
              RetryInfo.newBuilder()
                  .setRetryDelay(Duration.newBuilder().setSeconds(retryAfterSeconds))
                  .build()));
    }
    return status.build();
  }

  /** Returns the error as JSON, which is the body that REST callers receive. */
  public String toJson() {
    try {
      return JSON.print(toStatusProto());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(
          cannot("print an error as JSON", "its details have unknown types"), e);
    }
  }

  Status toStatus() {
    return Status.fromCode(code()).withDescription(message());
  }

  /** Adds the headers that Envoy needs for REST, which it reads from initial metadata only. */
  void putHeaders(Metadata headers) {
    headers.put(HTTP_STATUS, Integer.toString(httpStatus()));
    // Makes Envoy repeat the call on another node.
    if (namesAnotherNode()) headers.put(NODE, facts.get(NODE_FACT));
    restHeaders()
        .forEach(
            (name, value) ->
                headers.put(name.equals("content-type") ? HTTP_CONTENT_TYPE : ascii(name), value));
  }

  /** Returns the headers of a REST response with this error. */
  public Map<String, String> restHeaders() {
    var headers = new LinkedHashMap<String, String>();
    // Also if a successful response would have been a stream of events.
    headers.put("content-type", "application/json");
    if (retryAfterSeconds != null) {
      headers.put(RETRY_AFTER.name(), Integer.toString(Math.max(1, retryAfterSeconds)));
    }
    if (ReasonFacts.of(reason).repetitionIsPointless()) {
      headers.put(SHOULD_RETRY.name(), "false");
    }
    if (reason == Reason.KEY_INVALID) {
      headers.put(AUTHENTICATE.name(), "Bearer");
    }
    return headers;
  }

  void putDetails(Metadata trailers) {
    trailers.discardAll(DETAILS);
    trailers.put(DETAILS, toStatusProto());
  }

  /** Returns the ApiError or rejection that this throwable is or wraps; null if there is none. */
  public static @Nullable ApiError in(@Nullable Throwable thrown) {
    Throwable t = thrown;
    for (int depth = 0; t != null && depth < 8; depth++) {
      if (t instanceof ApiError error) return error;
      if (t instanceof RejectedException rejected) return RejectionErrors.find(rejected.why());
      if (t instanceof NoReplyException noReply) return RejectionErrors.of(noReply);
      t =
          t instanceof CompletionException
                  || t instanceof ExecutionException
                  || t instanceof io.grpc.StatusRuntimeException
                  || t instanceof io.grpc.StatusException
              ? t.getCause()
              : null;
    }
    return null;
  }

  private static Metadata.Key<String> ascii(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
