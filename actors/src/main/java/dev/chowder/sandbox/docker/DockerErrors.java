package dev.chowder.sandbox.docker;

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
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Says in plain words why the engine refused or did not answer; knows nothing of what was asked but
 * its name.
 */
final class DockerErrors {
  private static final ObjectMapper JSON = new ObjectMapper();

  private DockerErrors() {}

  /** The exception that callers of the driver see for what the client threw. */
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
              "docker: no answer at "
                  + engine
                  + " to: "
                  + what
                  + " (expected: a running Docker Engine)",
              unreachable);
        }
        default -> {}
      }
    }
    return new SandboxException(Reason.REFUSED, what + ": " + thrown.getMessage(), thrown);
  }

  static SandboxException interrupted(String what, Throwable cause) {
    return new SandboxException(Reason.INTERRUPTED, what + ": interrupted", cause);
  }

  private static SandboxException refusal(String what, DockerException refused) {
    String said = message(refused);
    String lower = said.toLowerCase(Locale.ROOT);
    if (saysDiskFull(said)) {
      return new SandboxException(Reason.NO_SPACE, what + ": the host's disk is full", refused);
    }
    if (lower.contains("cannot allocate memory")) {
      return new SandboxException(
          Reason.NO_MEMORY, what + ": the host has no memory for it", refused);
    }
    if (lower.contains("transport is closing")) {
      return new SandboxException(
          Reason.ENGINE_UNREACHABLE, what + ": the engine is shutting down", refused);
    }
    if (lower.contains("no such image")) {
      return new SandboxException(Reason.IMAGE_MISSING, what + ": " + said, refused);
    }
    if (refused instanceof NotFoundException) {
      return new SandboxException(Reason.NOT_FOUND, what + ": " + said, refused);
    }
    return new SandboxException(Reason.REFUSED, what + ": " + said, refused);
  }

  /** Returns whether a message of the C library, or of the engine, names a full disk or quota. */
  static boolean saysDiskFull(String said) {
    var lower = said.toLowerCase(Locale.ROOT);
    return lower.contains("no space left on device") || lower.contains("disk quota exceeded");
  }

  /**
   * That there was nothing to thaw: in the engine's words when it knows already, in its runtime's
   * when it runs or has ended meanwhile.
   */
  static boolean saysThawed(DockerException refused) {
    var said = message(refused);
    return said.contains("is not paused") || said.contains("cannot resume a ");
  }

  /** What the engine said: its answers are {@code {"message": "..."}}. */
  static String message(DockerException refused) {
    String body = refused.getMessage();
    if (body == null) {
      return "status " + refused.getHttpStatus();
    }
    // docker-java puts "Status 404: " before what the engine said.
    String json = body.substring(Math.max(0, body.indexOf('{')));
    try {
      JsonNode message = JSON.readTree(json).get("message");
      return message == null ? body.strip() : message.asText();
    } catch (JsonProcessingException notJson) {
      return body.strip();
    }
  }
}
