package dev.chowder.server.error;

import io.grpc.Status;

/**
 * Every reason that an error can carry, with its gRPC code and its HTTP status over REST, including
 * the reasons that only Envoy returns. Names are part of the API and are never renamed. Does not
 * know messages.
 */
public enum Reason {
  /** A field is malformed or out of range. */
  INVALID_FIELD(Status.Code.INVALID_ARGUMENT, 400),
  /** The organization has not configured that model provider. */
  MODEL_PROVIDER_NOT_CONFIGURED(Status.Code.FAILED_PRECONDITION, 400),
  /** This server sells no subscriptions; an operator sets tiers by command. */
  BILLING_NOT_CONFIGURED(Status.Code.FAILED_PRECONDITION, 400),
  /** The signature is missing, is not Stripe's, or is too old. */
  SIGNATURE_INVALID(Status.Code.INVALID_ARGUMENT, 400),
  /** The first change after the cursor is too old for a watch to resume. */
  CURSOR_EXPIRED(Status.Code.OUT_OF_RANGE, 400),
  /** The key is missing, wrong, revoked or expired. */
  KEY_INVALID(Status.Code.UNAUTHENTICATED, 401),
  /** All slots of the organization are in use. */
  INSTANCE_LIMIT_REACHED(Status.Code.RESOURCE_EXHAUSTED, 402),
  /** The key is a scoped one and lacks the required permission. */
  KEY_LACKS_PERMISSION(Status.Code.PERMISSION_DENIED, 403),
  /** The operator suspended the organization; its keys are rejected until it is resumed. */
  ORGANIZATION_SUSPENDED(Status.Code.PERMISSION_DENIED, 403),
  /** Sign-up is closed, or this host does not isolate sandboxes and already has an organization. */
  SIGN_UP_CLOSED(Status.Code.PERMISSION_DENIED, 403),
  /** Envoy rejects this for every caller, for example a protocol upgrade of an API call. */
  NOT_ALLOWED(Status.Code.PERMISSION_DENIED, 403),
  /** The instance does not exist or belongs to another organization. */
  INSTANCE_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The agent has no such session, or the key has no access to it. */
  SESSION_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The organization has no such scoped key. */
  KEY_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The organization does not exist; only operator commands return this. */
  ORGANIZATION_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The workspace has no file or folder at that path. */
  FILE_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The agent, or ClawHub, has no such skill. */
  SKILL_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The channel does not exist. */
  CHANNEL_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** No waiting request has this code or id. */
  PAIRING_NOT_FOUND(Status.Code.NOT_FOUND, 404),
  /** The API has no such path or RPC. */
  PATH_NOT_FOUND(Status.Code.UNIMPLEMENTED, 404),
  /** The request did not arrive completely in time. */
  REQUEST_INCOMPLETE(Status.Code.DEADLINE_EXCEEDED, 408),
  /** The organization has the maximum number of active scoped keys. */
  KEY_LIMIT_REACHED(Status.Code.FAILED_PRECONDITION, 409),
  /** The status of the instance or of the subscription does not allow this. */
  WRONG_STATE(Status.Code.FAILED_PRECONDITION, 409),
  /** The workspace already has a file or folder at that path. */
  FILE_EXISTS(Status.Code.ALREADY_EXISTS, 409),
  /** The path is a link or leads through one; links are never followed. */
  FILE_IS_LINK(Status.Code.FAILED_PRECONDITION, 409),
  /** The entry is not of the kind that the call requires, for example a folder or a fifo. */
  FILE_WRONG_KIND(Status.Code.FAILED_PRECONDITION, 409),
  /** The file is not UTF-8 text. */
  FILE_NOT_TEXT(Status.Code.FAILED_PRECONDITION, 409),
  /** The folder is not empty. */
  FOLDER_NOT_EMPTY(Status.Code.FAILED_PRECONDITION, 409),
  /** The agent already has a skill in a folder of that name. */
  SKILL_EXISTS(Status.Code.ALREADY_EXISTS, 409),
  /** ClawHub or OpenClaw rejects the skill or cannot read it. */
  SKILL_REFUSED(Status.Code.FAILED_PRECONDITION, 409),
  /** The skill is not in the folder of installed skills; for example, it came with OpenClaw. */
  SKILL_NOT_REMOVABLE(Status.Code.FAILED_PRECONDITION, 409),
  /** The idempotency key was used for a different request. */
  IDEMPOTENCY_KEY_REUSED(Status.Code.ALREADY_EXISTS, 409),
  /** A call with this idempotency key is in progress. */
  IN_PROGRESS(Status.Code.ABORTED, 409),
  /** The call with this idempotency key was executed, and its response is shown only once. */
  ALREADY_DONE(Status.Code.ALREADY_EXISTS, 409),
  /** A body or message exceeds its limit; REST returns 414 for a path and 431 for headers. */
  TOO_LARGE(Status.Code.RESOURCE_EXHAUSTED, 413),
  /** The requested range contains no byte of the file. */
  RANGE_NOT_SATISFIABLE(Status.Code.OUT_OF_RANGE, 416),
  /** The host name is neither the API's nor an instance's. */
  HOST_UNKNOWN(Status.Code.NOT_FOUND, 421),
  /** The caller sent more requests than allowed. */
  RATE_LIMITED(Status.Code.RESOURCE_EXHAUSTED, 429),
  /** The caller disconnected, so this error reaches no one. */
  CANCELLED(Status.Code.CANCELLED, 499),
  /** A bug in the server, which logs it with the request id. */
  INTERNAL(Status.Code.INTERNAL, 500),
  /** The sandbox or its gateway does not respond. */
  GATEWAY_UNAVAILABLE(Status.Code.UNAVAILABLE, 502),
  /** Stripe does not respond, or rejected Chowder's request. */
  BILLING_UNAVAILABLE(Status.Code.UNAVAILABLE, 502),
  /** The sandbox could not get the skill from ClawHub. */
  CLAWHUB_UNAVAILABLE(Status.Code.UNAVAILABLE, 502),
  /** Too little memory, no host, too much waiting work, or too many open calls. */
  NO_CAPACITY(Status.Code.UNAVAILABLE, 503),
  /** The instance of this host name exists but does not run. */
  INSTANCE_NOT_RUNNING(Status.Code.UNAVAILABLE, 503),
  /** The server is starting or stopping, or its database is unavailable. */
  SERVER_UNAVAILABLE(Status.Code.UNAVAILABLE, 503),
  /** No response in time; the operation may still have been executed. */
  NO_ANSWER_IN_TIME(Status.Code.DEADLINE_EXCEEDED, 504),
  /** The disk of the workspace is full. */
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

  /** Returns whether a retry cannot help; OpenAI-style clients would retry 409 and 504. */
  boolean repetitionIsPointless() {
    return httpStatus == 409 || httpStatus == 504;
  }

  /** Returns the reason of a gRPC status that no {@link ApiError} explains. */
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
      // Chowder returns these only with an ApiError; without one they are bugs.
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
