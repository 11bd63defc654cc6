package dev.chowder.server.error;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.chowder.actor.ErrorText;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * An error as a caller sees it. Throw it from a service, or hand it to {@code
 * StreamObserver.onError}: {@link ErrorInterceptor} turns it into status, details and headers. Its
 * message is made by {@link ErrorText} and shown to the caller, so it never holds a secret, nor a
 * path of the server.
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

  private static final int UPGRADE_RETRY_AFTER_SECONDS = 30;

  /** About as long as a database takes to start. */
  private static final int OUTAGE_RETRY_AFTER_SECONDS = 5;

  private final Reason reason;
  private final @Nullable String field;
  private final @Nullable Integer retryAfterSeconds;

  @SuppressWarnings("serial") // Never serialized: it lives between a service and its interceptor.
  private final Map<String, String> facts;

  private ApiError(
      Reason reason,
      String message,
      @Nullable String field,
      @Nullable Integer retryAfterSeconds,
      Map<String, String> facts) {
    // No stack trace: it is an answer, not a bug, and it must be cheap.
    super(message, null, false, false);
    this.reason = reason;
    this.field = field;
    this.retryAfterSeconds = retryAfterSeconds;
    this.facts = Map.copyOf(facts);
  }

  public static ApiError of(Reason reason, String message) {
    return new ApiError(reason, message, null, null, Map.of());
  }

  /** The error that travelled as this; for answers that are given again. */
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
      throw new IllegalStateException("an error's details are not readable", e);
    }
    return new ApiError(reason, status.getMessage(), field, retryAfterSeconds, facts);
  }

  /** A field is at fault; the message becomes {@code field: why}. */
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

  public static ApiError instanceNotFound() {
    return of(Reason.INSTANCE_NOT_FOUND, "Instance not found.");
  }

  /** The verb is not allowed now; {@code facts} travel as the detail's metadata. */
  public static ApiError wrongState(String message, Map<String, String> facts) {
    return new ApiError(Reason.WRONG_STATE, message, null, null, facts);
  }

  /** More calls than allowed; worth another try after the given seconds. */
  public static ApiError rateLimited(String message, int retryAfterSeconds) {
    return new ApiError(Reason.RATE_LIMITED, message, null, retryAfterSeconds, Map.of());
  }

  /** The key of this call was revoked or expired after the call was authenticated. */
  public static ApiError keyEnded() {
    return of(
        Reason.KEY_INVALID, "authorization: must be a valid key; got a revoked or expired one");
  }

  /** The operator suspended the organization, or is deleting it. */
  public static ApiError organizationSuspended() {
    return of(
        Reason.ORGANIZATION_SUSPENDED,
        "the operator suspended this organization; ask the operator to resume it");
  }

  /** No room on the server or the host; worth another try after the given seconds. */
  public static ApiError noCapacity(String message, int retryAfterSeconds) {
    return new ApiError(Reason.NO_CAPACITY, message, null, retryAfterSeconds, Map.of());
  }

  /** The server cannot do it now; worth another try after the given seconds. */
  public static ApiError unavailable(String message, int retryAfterSeconds) {
    return new ApiError(Reason.SERVER_UNAVAILABLE, message, null, retryAfterSeconds, Map.of());
  }

  /** The database does not answer; see {@code Outage}. */
  public static ApiError databaseUnavailable() {
    return unavailable(
        "cannot complete the call: the database does not answer; repeat it later with the same"
            + " idempotency-key, since it may have taken effect",
        OUTAGE_RETRY_AFTER_SECONDS);
  }

  /** Nodes are being upgraded, and the older ones could not read what the call would write. */
  public static ApiError upgradeUnderWay() {
    return unavailable(
        "the nodes of this server are being upgraded; call again when all are",
        UPGRADE_RETRY_AFTER_SECONDS);
  }

  /** The same error, which names what it is about in the detail's metadata. */
  public ApiError with(Map<String, String> moreFacts) {
    return new ApiError(reason, message(), field, retryAfterSeconds, moreFacts);
  }

  public Reason reason() {
    return reason;
  }

  /** Never null, unlike {@link #getMessage()}. */
  public String message() {
    String message = getMessage();
    return message == null ? reason.name() : message;
  }

  /** The whole error as it travels: code, message, exactly one {@code ErrorInfo}. */
  public com.google.rpc.Status toStatusProto() {
    var status =
        com.google.rpc.Status.newBuilder()
            .setCode(reason.code().value())
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

  /** The same as JSON: the body that REST callers get. */
  public String toJson() {
    try {
      return JSON.print(toStatusProto());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("an error's details are of unknown types", e);
    }
  }

  Status toStatus() {
    return Status.fromCode(reason.code()).withDescription(message());
  }

  /** What REST needs to know before the error itself: Envoy reads it from initial metadata only. */
  void putHeaders(Metadata headers) {
    headers.put(HTTP_STATUS, Integer.toString(reason.httpStatus()));
    restHeaders()
        .forEach(
            (name, value) ->
                headers.put(name.equals("content-type") ? HTTP_CONTENT_TYPE : ascii(name), value));
  }

  /** Returns the headers that a REST caller gets beside the body. */
  public Map<String, String> restHeaders() {
    var headers = new LinkedHashMap<String, String>();
    // Also where the answer would have been a stream of events.
    headers.put("content-type", "application/json");
    if (retryAfterSeconds != null) {
      headers.put(RETRY_AFTER.name(), Integer.toString(Math.max(1, retryAfterSeconds)));
    }
    if (reason.repetitionIsPointless()) {
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

  /** The ApiError that this throwable is or wraps; null where there is none. */
  public static @Nullable ApiError in(@Nullable Throwable thrown) {
    Throwable t = thrown;
    for (int depth = 0; t != null && depth < 8; depth++) {
      if (t instanceof ApiError error) {
        return error;
      }
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
