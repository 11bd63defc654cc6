package dev.chowder.server.error;

import dev.chowder.api.v1.ErrorProto;
import dev.chowder.api.v1.Reason;
import io.grpc.Status;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * The facts that the protocol states about a reason: its gRPC code and its HTTP status over REST.
 * Reads them once, from the option {@code error} of the enum's values. Does not know messages.
 */
public record ReasonFacts(Status.Code code, int httpStatus) {
  private static final Map<Reason, ReasonFacts> ALL = declared();

  private static Map<Reason, ReasonFacts> declared() {
    var all = new EnumMap<Reason, ReasonFacts>(Reason.class);
    for (var value : Reason.getDescriptor().getValues()) {
      if (!value.getOptions().hasExtension(ErrorProto.error)) continue;
      var status = value.getOptions().getExtension(ErrorProto.error);
      var code = Status.fromCodeValue(status.getCodeValue()).getCode();
      all.put(Reason.valueOf(value), new ReasonFacts(code, status.getHttp()));
    }
    return Collections.unmodifiableMap(all);
  }

  /**
   * Returns the facts about a reason.
   *
   * @throws IllegalArgumentException if the reason is never sent
   */
  public static ReasonFacts of(Reason reason) {
    var facts = ALL.get(reason);
    if (facts == null) throw new IllegalArgumentException(reason + ": must be a declared reason");
    return facts;
  }

  /** Returns all reasons that an error can have, in the order of their declaration. */
  public static Set<Reason> reasons() {
    return ALL.keySet();
  }

  /** Returns whether a retry cannot help; OpenAI-style clients would retry 409 and 504. */
  boolean repetitionIsPointless() {
    return httpStatus == 409 || httpStatus == 504;
  }

  /** Returns the reason of a gRPC status that no {@link ApiError} explains. */
  static Reason reasonOf(Status.Code code) {
    return switch (code) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> Reason.INVALID_FIELD;
      case UNAUTHENTICATED -> Reason.KEY_INVALID;
      case PERMISSION_DENIED -> Reason.KEY_LACKS_PERMISSION;
      case UNIMPLEMENTED -> Reason.PATH_NOT_FOUND;
      case RESOURCE_EXHAUSTED -> Reason.TOO_LARGE;
      case CANCELLED -> Reason.CANCELLED;
      case UNAVAILABLE -> Reason.SERVER_UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Reason.NO_ANSWER_IN_TIME;
      // Chowder returns these only with an ApiError; without one they are bugs.
      case OK,
          UNKNOWN,
          NOT_FOUND,
          ALREADY_EXISTS,
          FAILED_PRECONDITION,
          ABORTED,
          INTERNAL,
          DATA_LOSS ->
          Reason.INTERNAL;
    };
  }
}
