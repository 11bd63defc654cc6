package dev.chowder.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.base.Sha256;
import dev.chowder.sandbox.SandboxFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads and writes the parts of OpenClaw's configuration file that a simulated gateway needs. */
final class FakeOpenClaw {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONFIG = ".openclaw/openclaw.json";
  private static final String HOME = "/home/node/";
  private static final long MAX_BYTES = 1 << 20;

  private FakeOpenClaw() {}

  /** Onboards an agent. Existing values stay, as with the real onboarding. */
  static void onboard(Path home) {
    ObjectNode config = config(home);
    onboard(config);
    save(home, config);
  }

  /** Returns the files of the image: what onboarding writes without a model, and a mark. */
  static List<SandboxFile> imageFiles() {
    ObjectNode config = JSON.createObjectNode();
    onboard(config);
    return List.of(
        file(".chowder/onboarded.json", config),
        new SandboxFile(".chowder/can-warm-up", ByteString.EMPTY, 0600));
  }

  private static void onboard(ObjectNode config) {
    ObjectNode gateway = config.withObject("/gateway");
    gateway.put("mode", "local").put("port", 18789).put("bind", "lan");
    config.withObject("/agents/entries/main").put("name", "main");
  }

  /** Adds an installed plugin to the configuration. */
  static void install(Path home, String plugin) {
    ObjectNode config = config(home);
    config.withObject("/plugins/entries/" + plugin).put("enabled", true);
    save(home, config);
  }

  static ObjectNode config(Path home) {
    Optional<ByteString> file = FakeHome.read(home, CONFIG, MAX_BYTES);
    try {
      return file.isPresent()
              && JSON.readTree(file.get().toStringUtf8()) instanceof ObjectNode config
          ? config
          : JSON.createObjectNode();
    } catch (JsonProcessingException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static void save(Path home, ObjectNode config) {
    FakeHome.write(home, List.of(file(CONFIG, config)));
  }

  private static SandboxFile file(String path, ObjectNode config) {
    return new SandboxFile(path, ByteString.copyFromUtf8(config.toPrettyString()), 0600);
  }

  /**
   * Returns the token that callers must send: text, or the content of a file that the configuration
   * names.
   */
  static Optional<String> token(Path home) {
    ObjectNode config = config(home);
    JsonNode token = config.at("/gateway/auth/token");
    if (token.isTextual()) {
      return Optional.of(token.asText());
    }
    String provider = token.path("provider").asText();
    String path = config.at("/secrets/providers/" + provider + "/path").asText();
    return path.startsWith(HOME)
        ? FakeHome.read(home, path.substring(HOME.length()), MAX_BYTES)
            .map(ByteString::toStringUtf8)
            .map(String::strip)
        : Optional.empty();
  }

  static String hash(Path home) {
    return Sha256.hex(config(home).toString());
  }

  /**
   * Patches the configuration: objects are merged, {@code null} removes a field, and other values
   * replace it.
   */
  static void patch(Path home, JsonNode patch) {
    ObjectNode config = config(home);
    merge(config, patch);
    save(home, config);
  }

  private static void merge(ObjectNode into, JsonNode patch) {
    for (Map.Entry<String, JsonNode> field : patch.properties()) {
      JsonNode value = field.getValue();
      if (value.isNull()) {
        into.remove(field.getKey());
      } else if (value.isObject() && into.get(field.getKey()) instanceof ObjectNode inner) {
        merge(inner, value);
      } else {
        into.set(field.getKey(), value);
      }
    }
  }
}
