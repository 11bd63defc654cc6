package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.FilePath;
import java.util.Optional;

/** The file in which OpenClaw keeps which skills of a workspace came from ClawHub. */
public final class ClawHubLock {
  /** From the workspace on. */
  public static final FilePath FILE = FilePath.parse(".clawhub/lock.json");

  /** A skill has some hundred bytes in it. */
  public static final int MAX_BYTES = 1 << 20;

  private ClawHubLock() {}

  /** The same without that skill; empty when there is nothing to change. */
  public static Optional<ByteString> without(ByteString file, String slug) {
    try {
      var lock = OpenClawConfig.JSON.readTree(file.toStringUtf8());
      return lock.path("skills") instanceof ObjectNode skills && skills.remove(slug) != null
          ? Optional.of(ByteString.copyFromUtf8(lock.toPrettyString() + "\n"))
          : Optional.empty();
    } catch (JsonProcessingException noneOfOpenClaws) {
      return Optional.empty();
    }
  }
}
