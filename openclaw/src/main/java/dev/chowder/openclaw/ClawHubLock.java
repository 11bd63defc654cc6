package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.sandbox.FilePath;
import java.util.Optional;

/** Edits the file in which OpenClaw lists the skills of a workspace that came from ClawHub. */
public final class ClawHubLock {
  /** The path of the file, relative to the workspace. */
  public static final FilePath FILE = FilePath.parse(".clawhub/lock.json");

  /** The maximum size. An entry takes some hundred bytes. */
  public static final int MAX_BYTES = 1 << 20;

  private ClawHubLock() {}

  /** Returns the file without this skill; empty if there is nothing to change. */
  public static Optional<ByteString> without(ByteString file, String slug) {
    try {
      var lock = OpenClawConfig.JSON.readTree(file.toStringUtf8());
      return lock.path("skills") instanceof ObjectNode skills && skills.remove(slug) != null
          ? Optional.of(ByteString.copyFromUtf8(lock.toPrettyString() + "\n"))
          : Optional.empty();
    } catch (JsonProcessingException notWrittenByOpenClaw) {
      return Optional.empty();
    }
  }
}
