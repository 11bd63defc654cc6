package dev.chowder.remote;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import dev.chowder.engine.v1.EngineError;
import dev.chowder.engine.v1.FileReason;
import dev.chowder.engine.v1.SandboxReason;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Translates the exceptions of an engine into the errors of the protocol, and back. */
final class EngineErrors {
  private static final Logger log = LoggerFactory.getLogger(EngineErrors.class);

  /** A limit of the protocol. The trailers of a call contain the message twice. */
  private static final int MAX_MESSAGE = 8192;

  /** A part of gRPC's text for a message above the limit of its receiver. */
  private static final String TOO_LARGE = "message exceeds maximum size";

  private EngineErrors() {}

  /** Returns the error that a client gets for an exception of the engine. */
  static StatusException toStatus(Throwable thrown) {
    return switch (thrown) {
      // The client did not cancel, so the process of the engine ends.
      case SandboxException interrupted when interrupted.reason() == Reason.INTERRUPTED ->
          Status.UNAVAILABLE.withDescription("the engine stops").asException();
      case SandboxException failed ->
          status(
              code(failed.reason()),
              String.valueOf(failed.getMessage()),
              EngineError.newBuilder().setSandbox(toWire(failed.reason())).build());
      case FileRefused refused ->
          status(
              code(refused.reason()),
              String.valueOf(refused.getMessage()),
              EngineError.newBuilder().setFile(toWire(refused.reason())).build());
      case InvalidRequestException wrong ->
          Status.INVALID_ARGUMENT.withDescription(wrong.getMessage()).asException();
      default -> {
        log.warn("event=engine-failed", thrown);
        yield Status.INTERNAL
            .withDescription("the engine failed unexpectedly; its log has the cause")
            .asException();
      }
    };
  }

  private static StatusException status(Code code, String message, EngineError error) {
    boolean tooLong = message.length() > MAX_MESSAGE;
    return StatusProto.toStatusException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(tooLong ? message.substring(0, MAX_MESSAGE - 3) + "..." : message)
            .addDetails(Any.pack(error))
            .build());
  }

  /**
   * Returns the exception that the caller of an engine gets for an error.
   *
   * @param what the call as a verb phrase, such as "stop sandbox x"
   * @param engine the address of the engine
   */
  static RuntimeException fromStatus(String what, String engine, StatusException failed) {
    var message = Optional.ofNullable(failed.getStatus().getDescription()).orElse("");
    var known = detail(failed);
    if (known.isPresent() && known.get().hasFile()) {
      return new FileRefused(fromWire(known.get().getFile()), message);
    }
    if (known.isPresent()) return known(what, fromWire(known.get().getSandbox()), failed);
    if (message.contains(TOO_LARGE)) return tooLarge(what, failed);
    return switch (failed.getStatus().getCode()) {
      case CANCELLED, UNAVAILABLE ->
          Thread.currentThread().isInterrupted()
              ? interrupted(what, failed)
              : unreachable(what, engine, failed);
      case DEADLINE_EXCEEDED -> late(what, failed);
      default ->
          new SandboxException(
              Reason.REFUSED,
              cannot(what, message.isEmpty() ? "status " + failed.getStatus().getCode() : message),
              failed);
    };
  }

  private static SandboxException tooLarge(String what, StatusException failed) {
    return new SandboxException(
        Reason.REFUSED,
        cannot(
            what,
            "a message to or from the sandbox engine is too large",
            "increase chowder.sandbox.remote.max-message-bytes"),
        failed);
  }

  private static SandboxException known(String what, Reason reason, StatusException failed) {
    // Only this thread knows whether its caller interrupted it.
    if (reason == Reason.INTERRUPTED && !Thread.currentThread().isInterrupted()) {
      return new SandboxException(
          Reason.ENGINE_UNREACHABLE, cannot(what, "the sandbox engine ended the call"), failed);
    }
    return new SandboxException(
        reason, Optional.ofNullable(failed.getStatus().getDescription()).orElse(""), failed);
  }

  static SandboxException unreachable(String what, String engine, Throwable cause) {
    return new SandboxException(
        Reason.ENGINE_UNREACHABLE,
        cannot(what, "no sandbox engine responds at " + engine, "start it"),
        cause);
  }

  /**
   * Returns the error for an engine that breaks the protocol.
   *
   * @param cause the exception of the message's translation
   */
  static SandboxException unexpected(String what, RuntimeException cause) {
    return new SandboxException(Reason.REFUSED, unexpectedText(what), cause);
  }

  /** Returns the error for an engine that sends a valid message at the wrong time. */
  static SandboxException unexpected(String what) {
    return new SandboxException(Reason.REFUSED, unexpectedText(what));
  }

  private static String unexpectedText(String what) {
    return cannot(what, "the engine sent an unexpected message");
  }

  static SandboxException interrupted(String what, Throwable cause) {
    return new SandboxException(
        Reason.INTERRUPTED, cannot(what, "the call was interrupted"), cause);
  }

  static SandboxException late(String what, Throwable cause) {
    return new SandboxException(
        Reason.ENGINE_UNREACHABLE,
        cannot(what, "the sandbox engine did not respond in time"),
        cause);
  }

  /** Returns whether the engine does not have this call. */
  static boolean isUnimplemented(SandboxException failed) {
    return failed.getCause() instanceof StatusException cause
        && cause.getStatus().getCode() == Status.Code.UNIMPLEMENTED;
  }

  private static Optional<EngineError> detail(StatusException failed) {
    var status = StatusProto.fromThrowable(failed);
    if (status == null) return Optional.empty();
    for (Any detail : status.getDetailsList()) {
      if (!detail.is(EngineError.class)) continue;
      try {
        var error = detail.unpack(EngineError.class);
        if (error.hasFile() || error.hasSandbox()) return Optional.of(error);
      } catch (InvalidProtocolBufferException malformed) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static Code code(Reason reason) {
    return switch (reason) {
      case NO_MEMORY, NO_SPACE -> Code.RESOURCE_EXHAUSTED;
      case ENGINE_UNREACHABLE -> Code.UNAVAILABLE;
      case NOT_FOUND -> Code.NOT_FOUND;
      case TIMED_OUT -> Code.DEADLINE_EXCEEDED;
      case INTERRUPTED -> Code.CANCELLED;
      case IMAGE_MISSING, ELSEWHERE, HOME_REPLACED, FILE_REFUSED, REFUSED ->
          Code.FAILED_PRECONDITION;
    };
  }

  private static Code code(FileRefused.Reason reason) {
    return switch (reason) {
      case BAD_PATH -> Code.INVALID_ARGUMENT;
      case NOT_FOUND -> Code.NOT_FOUND;
      case EXISTS -> Code.ALREADY_EXISTS;
      case NO_SPACE -> Code.RESOURCE_EXHAUSTED;
      case NOT_EMPTY, LINK, WRONG_KIND, TOO_LARGE -> Code.FAILED_PRECONDITION;
    };
  }

  private static SandboxReason toWire(Reason reason) {
    return switch (reason) {
      case IMAGE_MISSING -> SandboxReason.IMAGE_MISSING;
      case NO_MEMORY -> SandboxReason.NO_MEMORY;
      case NO_SPACE -> SandboxReason.NO_SPACE;
      case ENGINE_UNREACHABLE -> SandboxReason.ENGINE_UNREACHABLE;
      case NOT_FOUND -> SandboxReason.NOT_FOUND;
      case ELSEWHERE -> SandboxReason.ELSEWHERE;
      case HOME_REPLACED -> SandboxReason.HOME_REPLACED;
      case FILE_REFUSED -> SandboxReason.FILE_REFUSED;
      case TIMED_OUT -> SandboxReason.TIMED_OUT;
      case INTERRUPTED -> SandboxReason.INTERRUPTED;
      case REFUSED -> SandboxReason.REFUSED;
    };
  }

  private static Reason fromWire(SandboxReason reason) {
    return switch (reason) {
      case IMAGE_MISSING -> Reason.IMAGE_MISSING;
      case NO_MEMORY -> Reason.NO_MEMORY;
      case NO_SPACE -> Reason.NO_SPACE;
      case ENGINE_UNREACHABLE -> Reason.ENGINE_UNREACHABLE;
      case NOT_FOUND -> Reason.NOT_FOUND;
      case ELSEWHERE -> Reason.ELSEWHERE;
      case HOME_REPLACED -> Reason.HOME_REPLACED;
      case FILE_REFUSED -> Reason.FILE_REFUSED;
      case TIMED_OUT -> Reason.TIMED_OUT;
      case INTERRUPTED -> Reason.INTERRUPTED;
      // A reason of a later version of the protocol.
      case REFUSED, SANDBOX_REASON_UNSPECIFIED, UNRECOGNIZED -> Reason.REFUSED;
    };
  }

  private static FileReason toWire(FileRefused.Reason reason) {
    return switch (reason) {
      case BAD_PATH -> FileReason.BAD_PATH;
      case NOT_FOUND -> FileReason.FILE_NOT_FOUND;
      case EXISTS -> FileReason.EXISTS;
      case NOT_EMPTY -> FileReason.NOT_EMPTY;
      case LINK -> FileReason.LINK;
      case WRONG_KIND -> FileReason.WRONG_KIND;
      case TOO_LARGE -> FileReason.TOO_LARGE;
      case NO_SPACE -> FileReason.FILE_NO_SPACE;
    };
  }

  private static FileRefused.Reason fromWire(FileReason reason) {
    return switch (reason) {
      case BAD_PATH -> FileRefused.Reason.BAD_PATH;
      case FILE_NOT_FOUND -> FileRefused.Reason.NOT_FOUND;
      case EXISTS -> FileRefused.Reason.EXISTS;
      case NOT_EMPTY -> FileRefused.Reason.NOT_EMPTY;
      case LINK -> FileRefused.Reason.LINK;
      case TOO_LARGE -> FileRefused.Reason.TOO_LARGE;
      case FILE_NO_SPACE -> FileRefused.Reason.NO_SPACE;
      // A reason of a later version of the protocol.
      case WRONG_KIND, FILE_REASON_UNSPECIFIED, UNRECOGNIZED -> FileRefused.Reason.WRONG_KIND;
    };
  }

  /** Thrown if a client's request breaks a rule of the protocol. */
  static final class InvalidRequestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvalidRequestException(String message) {
      super(message);
    }
  }
}
