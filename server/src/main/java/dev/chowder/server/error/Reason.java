package dev.chowder.server.error;

import io.grpc.Status;

/**
 * Every reason that an error can carry, with its gRPC code and the HTTP status that REST shows;
 * those that Envoy gives by itself, too. Names are part of the API: they are never renamed. It
 * knows nothing of messages.
 */
public enum Reason {
  /** A field is malformed or out of range. */
  INVALID_FIELD(Status.Code.INVALID_ARGUMENT, 400),
  /** The organization has not set up that model provider. */
  MODEL_PROVIDER_NOT_CONFIGURED(Status.Code.FAILED_PRECONDITION, 400),
  /** Nothing is sold here: an operator sets tiers by command. */
  BILLING_NOT_CONFIGURED(Status.Code.FAILED_PRECONDITION, 400),
  /** Stripe did not sign this, or did so too long ago. */
  SIGNATURE_INVALID(Status.Code.INVALID_ARGUMENT, 400),
  /** What happened after that cursor is not told any more. */
  CURSOR_EXPIRED(Status.Code.OUT_OF_RANGE, 400),
  /** No key, or one that is wrong, revoked or expired. */
  KEY_INVALID(Status.Code.UNAUTHENTICATED, 401),
  /** Every slot of the organization is taken. */
  INSTANCE_LIMIT_REACHED(Status.Code.RESOURCE_EXHAUSTED, 402),
  /** The key may not do this: it is a scoped one, without the permission. */
  KEY_LACKS_PERMISSION(Status.Code.PERMISSION_DENIED, 403),
  /** The operator suspended the organization; its keys work again when the operator resumes it. */
  ORGANIZATION_SUSPENDED(Status.Code.PERMISSION_DENIED, 403),
  /** Sign-up is closed, or this host, which isolates no sandboxes, has an organization. */
  SIGN_UP_CLOSED(Status.Code.PERMISSION_DENIED, 403),
  /** Envoy was asked for something that it does for nobody, such as an upgrade of the API's. */
  NOT_ALLOWED(Status.Code.PERMISSION_DENIED, 403),
  /** Not there, or another organization's. */
  INSTANCE_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The agent has no such session, or none that the key may know of. */
  SESSION_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** No such scoped key in this organization. */
  KEY_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** No such organization; only an operator names one. */
  ORGANIZATION_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The workspace has nothing there. */
  FILE_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The agent has no such skill, or ClawHub has none. */
  SKILL_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** There is no such channel. */
  CHANNEL_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** Nobody waits to be let in with this code, or by this id. */
  PAIRING_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The API has no such path or RPC. */
  PATH_NOT_FOUND(Status.Code.UNIMPLEMENTED, 404),
  /** The request did not arrive whole in time. */
  REQUEST_INCOMPLETE(Status.Code.DEADLINE_EXCEEDED, 408),
  /** The organization has as many scoped keys that work as it may have. */
  KEY_LIMIT_REACHED(Status.Code.FAILED_PRECONDITION, 409),
  /** The status of the instance or of the subscription does not allow this. */
  WRONG_STATE(Status.Code.FAILED_PRECONDITION, 409),
  /** The workspace has something there already. */
  FILE_EXISTS(Status.Code.ALREADY_EXISTS, 409),
  /** A symbolic link is there, or on the way to it: none is followed. */
  FILE_IS_LINK(Status.Code.FAILED_PRECONDITION, 409),
  /** Something else is there than the call is for, such as a folder or a fifo. */
  FILE_WRONG_KIND(Status.Code.FAILED_PRECONDITION, 409),
  /** The file is no text in UTF-8. */
  FILE_NOT_TEXT(Status.Code.FAILED_PRECONDITION, 409),
  /** The folder has something in it. */
  FOLDER_NOT_EMPTY(Status.Code.FAILED_PRECONDITION, 409),
  /** The agent has a skill in a folder of that name already. */
  SKILL_EXISTS(Status.Code.ALREADY_EXISTS, 409),
  /** ClawHub or OpenClaw do not let the skill through, or cannot read it. */
  SKILL_REFUSED(Status.Code.FAILED_PRECONDITION, 409),
  /** The skill does not lie where skills are installed: it came with OpenClaw, for instance. */
  SKILL_NOT_REMOVABLE(Status.Code.FAILED_PRECONDITION, 409),
  /** This idempotency key belongs to another request. */
  IDEMPOTENCY_KEY_REUSED(Status.Code.ALREADY_EXISTS, 409),
  /** A call with this idempotency key is under way. */
  IN_PROGRESS(Status.Code.ABORTED, 409),
  /** The call with this idempotency key was made, and its answer is shown only once. */
  ALREADY_DONE(Status.Code.ALREADY_EXISTS, 409),
  /** A body or message is larger than its limit; over REST 414 for a path, 431 for headers. */
  TOO_LARGE(Status.Code.RESOURCE_EXHAUSTED, 413),
  /** No byte of the file is in the range that was asked for. */
  RANGE_NOT_SATISFIABLE(Status.Code.OUT_OF_RANGE, 416),
  /** This host name is neither the API's nor an instance's. */
  HOST_UNKNOWN(Status.Code.NOT_FOUND, 421),
  /** More requests than allowed. */
  RATE_LIMITED(Status.Code.RESOURCE_EXHAUSTED, 429),
  /** The caller went away; nobody sees this one. */
  CANCELLED(Status.Code.CANCELLED, 499),
  /** A bug; logged with the request id. */
  INTERNAL(Status.Code.INTERNAL, 500),
  /** The sandbox or its gateway does not answer. */
  GATEWAY_UNAVAILABLE(Status.Code.UNAVAILABLE, 502),
  /** Stripe does not answer, or refused what Chowder asked of it. */
  BILLING_UNAVAILABLE(Status.Code.UNAVAILABLE, 502),
  /** The sandbox did not get a skill from ClawHub. */
  CLAWHUB_UNAVAILABLE(Status.Code.UNAVAILABLE, 502),
  /** No room for one more: no memory or host, too much waiting work, or too many open calls. */
  NO_CAPACITY(Status.Code.UNAVAILABLE, 503),
  /** The instance behind this host name is there and does not run. */
  INSTANCE_NOT_RUNNING(Status.Code.UNAVAILABLE, 503),
  /** The server is starting or going down, or its database does not answer. */
  SERVER_UNAVAILABLE(Status.Code.UNAVAILABLE, 503),
  /** No answer in time; the work may have happened. */
  NO_ANSWER_IN_TIME(Status.Code.DEADLINE_EXCEEDED, 504),
  /** The disk that the workspace is on is full. */
  NO_SPACE(Status.Code.RESOURCE_EXHAUSTED, 507);

  private final Status.Code code;
  private final int httpStatus;

  Reason(Status.Code code, int httpStatus) {
    this.code = code;
    this.httpStatus = httpStatus;
  }

  public Status.Code code() {
    return code;
  }

  public int httpStatus() {
    return httpStatus;
  }

  /** Clients in OpenAI's style repeat 409 and 504 by themselves; here that never helps. */
  boolean repetitionIsPointless() {
    return httpStatus == 409 || httpStatus == 504;
  }

  /** What a bare gRPC status means that no {@link ApiError} explains. */
  static Reason of(Status.Code code) {
    return switch (code) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> INVALID_FIELD;
      case UNAUTHENTICATED -> KEY_INVALID;
      case PERMISSION_DENIED -> KEY_LACKS_PERMISSION;
      case UNIMPLEMENTED -> PATH_NOT_FOUND;
      case RESOURCE_EXHAUSTED -> TOO_LARGE;
      case CANCELLED -> CANCELLED;
      case UNAVAILABLE -> SERVER_UNAVAILABLE;
      case DEADLINE_EXCEEDED -> NO_ANSWER_IN_TIME;
      // Our own code says these only through an ApiError: without one they are bugs.
      case OK,
          UNKNOWN,
          NOT_FOUND,
          ALREADY_EXISTS,
          FAILED_PRECONDITION,
          ABORTED,
          INTERNAL,
          DATA_LOSS ->
          INTERNAL;
    };
  }
}
