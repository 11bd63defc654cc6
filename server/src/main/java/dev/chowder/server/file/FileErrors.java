package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.ApiError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Converts the errors of a sandbox engine about files to errors of the API. */
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
      // The instance was deleted or its volume is lost; the next reconciliation pass detects which.
      case NOT_FOUND, HOME_REPLACED ->
          ApiError.of(
              Reason.GATEWAY_UNAVAILABLE,
              cannot("open the workspace", "the home volume of the instance is missing"));
      case ELSEWHERE -> {
        LOG.warn("cannot open a workspace: {}", why.getMessage());
        yield ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            cannot("open the workspace", "this node does not have the host of its sandbox"));
      }
      case NO_SPACE ->
          ApiError.of(
              Reason.NO_SPACE, cannot("write the file", "the disk is full", "delete some files"));
      case IMAGE_MISSING,
          NO_MEMORY,
          ENGINE_UNREACHABLE,
          FILE_REFUSED,
          TIMED_OUT,
          INTERRUPTED,
          REFUSED -> {
        LOG.warn("cannot open a workspace: {}", why.getMessage());
        yield ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            cannot("open the workspace", "its sandbox does not respond", "try again later"));
      }
    };
  }
}
