package dev.chowder.server.file;

import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place where what a driver says of files becomes an error of the API. */
final class FileErrors {
  private static final Logger LOG = LoggerFactory.getLogger(FileErrors.class);

  private FileErrors() {}

  static ApiError error(FileRefused why) {
    return ApiError.of(reason(why.reason()), message(why));
  }

  private static Reason reason(FileRefused.Reason why) {
    return switch (why) {
      case BAD_PATH -> Reason.INVALID_FIELD;
      case NOT_FOUND -> Reason.FILE_NOT_FOUND;
      case EXISTS -> Reason.FILE_EXISTS;
      case NOT_EMPTY -> Reason.FOLDER_NOT_EMPTY;
      case LINK -> Reason.FILE_IS_LINK;
      case WRONG_KIND -> Reason.FILE_WRONG_KIND;
      case TOO_LARGE -> Reason.TOO_LARGE;
      case NO_SPACE -> Reason.NO_SPACE;
    };
  }

  private static String message(FileRefused why) {
    return String.valueOf(why.getMessage());
  }

  static ApiError error(SandboxException why) {
    return switch (why.reason()) {
      // Deleted meanwhile, or lost: the next sweep finds out which.
      case NOT_FOUND, HOME_REPLACED ->
          ApiError.of(Reason.GATEWAY_UNAVAILABLE, "sandbox: not there (expected: its home)");
      case NO_SPACE -> ApiError.of(Reason.NO_SPACE, "disk: full (expected: room for it)");
      case IMAGE_MISSING, NO_MEMORY, ENGINE_UNREACHABLE, TIMED_OUT, INTERRUPTED, REFUSED -> {
        LOG.warn("files: {}", why.getMessage());
        yield ApiError.of(
            Reason.GATEWAY_UNAVAILABLE, "sandbox: cannot be reached (expected: an answer)");
      }
    };
  }
}
