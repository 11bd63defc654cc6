package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Translates failures of engine calls into errors in plain words. Knows only the name of the call.
 */
final class DockerErrors {
  private static final ObjectMapper JSON = new ObjectMapper();

  private DockerErrors() {}

  /**
   * Returns the error that callers of the engine get for an exception of the client.
   *
   * @param what the call as a verb phrase, such as "start container x"
   */
  static SandboxException translate(String what, String engine, Throwable thrown) {
    for (@Nullable Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case SandboxException known -> {
          return known;
        }
        case DockerException refused -> {
          return refusal(what, refused);
        }
        case InterruptedException _, InterruptedIOException _, ClosedByInterruptException _ -> {
          return interrupted(what, cause);
        }
        case IOException unreachable -> {
          return new SandboxException(
              Reason.ENGINE_UNREACHABLE,
              cannot(what, "no Docker Engine responds at " + engine, "start it"),
              unreachable);
        }
        default -> {}
      }
    }
    return new SandboxException(
        Reason.REFUSED, cannot(what, String.valueOf(thrown.getMessage())), thrown);
  }

  /** Returns the text for a call that the engine did not complete in time. */
  static String late(String what, Duration limit) {
    return cannot(what, "the Docker Engine did not respond within " + limit.toMillis() + " ms");
  }

  static SandboxException interrupted(String what, Throwable cause) {
    return new SandboxException(
        Reason.INTERRUPTED, cannot(what, "the call was interrupted"), cause);
  }

  private static SandboxException refusal(String what, DockerException refused) {
    String message = message(refused);
    String lower = message.toLowerCase(Locale.ROOT);
    if (meansDiskFull(message)) {
      return new SandboxException(
          Reason.NO_SPACE, cannot(what, "the host's disk is full"), refused);
    }
    if (lower.contains("cannot allocate memory")) {
      return new SandboxException(
          Reason.NO_MEMORY, cannot(what, "the host has not enough memory"), refused);
    }
    if (lower.contains("transport is closing")) {
      return new SandboxException(
          Reason.ENGINE_UNREACHABLE, cannot(what, "the Docker Engine is shutting down"), refused);
    }
    if (lower.contains("no such image")) {
      return new SandboxException(Reason.IMAGE_MISSING, cannot(what, message), refused);
    }
    if (refused instanceof NotFoundException) {
      return new SandboxException(Reason.NOT_FOUND, cannot(what, message), refused);
    }
    return new SandboxException(Reason.REFUSED, cannot(what, message), refused);
  }

  /** Returns whether a message of the C library or of the engine names a full disk or quota. */
  static boolean meansDiskFull(String message) {
    var lower = message.toLowerCase(Locale.ROOT);
    return lower.contains("no space left on device") || lower.contains("disk quota exceeded");
  }

  /**
   * Returns whether the error means that the container was not frozen. The engine uses its own
   * words if it knows that already, and those of its runtime if the process runs or ended
   * meanwhile.
   */
  static boolean meansNotPaused(DockerException refused) {
    var message = message(refused);
    return message.contains("is not paused") || message.contains("cannot resume a ");
  }

  /**
   * Returns whether a path in a container leads through something that is not a folder. The agent
   * can replace a folder by a file, or by a link to itself.
   */
  static boolean meansUnusablePath(DockerException refused) {
    var message = message(refused);
    return message.endsWith(": not a directory")
        || message.contains("too many links in ")
        || message.endsWith(": too many levels of symbolic links");
  }

  /** Returns the engine's message. Its error responses are {@code {"message": "..."}}. */
  static String message(DockerException refused) {
    String body = refused.getMessage();
    if (body == null) {
      return "status " + refused.getHttpStatus();
    }
    // docker-java puts "Status 404: " before the engine's message.
    String json = body.substring(Math.max(0, body.indexOf('{')));
    try {
      JsonNode message = JSON.readTree(json).get("message");
      return message == null ? body.strip() : message.asText();
    } catch (JsonProcessingException notJson) {
      return body.strip();
    }
  }
}
