package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.SandboxFile;
import java.util.List;
import java.util.Optional;

/**
 * Parses OpenClaw's configuration file and sets the parts that Chowder owns. Pure; reads and writes
 * no file itself.
 */
public final class OpenClawConfig {
  /**
   * Reads comments and trailing commas, since people may have written the file. Does not keep them.
   */
  public static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(
              JsonReadFeature.ALLOW_JAVA_COMMENTS,
              JsonReadFeature.ALLOW_TRAILING_COMMA,
              JsonReadFeature.ALLOW_SINGLE_QUOTES,
              JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .build();

  private static final String TOKEN_SOURCE = "chowder-gateway-token";

  private OpenClawConfig() {}

  /** Returns an empty object. */
  public static ObjectNode none() {
    return JSON.createObjectNode();
  }

  /** Returns a text that is not empty. */
  public static Optional<String> text(JsonNode node) {
    return node.isTextual() && !node.textValue().isEmpty()
        ? Optional.of(node.textValue())
        : Optional.empty();
  }

  /**
   * Parses the file.
   *
   * @throws IllegalArgumentException without the file's content, if it is not a JSON object
   */
  public static ObjectNode parse(ByteString file) {
    try {
      if (JSON.readTree(file.toStringUtf8()) instanceof ObjectNode config) return config;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          must("openclaw.json", "be JSON", "an error in line " + e.getLocation().getLineNr()));
    }
    throw new IllegalArgumentException(must("openclaw.json", "be a JSON object"));
  }

  /** Returns the file with this content. */
  public static SandboxFile file(ObjectNode config) {
    return new SandboxFile(
        OpenClawHome.CONFIG, ByteString.copyFromUtf8(config.toPrettyString() + "\n"), 0600);
  }

  /** Makes the gateway require the token in {@link OpenClawHome#GATEWAY_TOKEN}. */
  public static void requireToken(ObjectNode config) {
    config
        .withObject("/secrets/providers")
        .set(TOKEN_SOURCE, fileSource(OpenClawHome.GATEWAY_TOKEN));
    var auth = config.withObject("/gateway/auth");
    auth.put("mode", "token");
    auth.set("token", secretRef(TOKEN_SOURCE));
    // To the gateway, every caller has the host's address. After ten wrong tokens of any client,
    // its lockout would block Chowder, too. A token of 256 random bits needs no lockout.
    auth.putObject("rateLimit")
        .put("maxAttempts", 1_000_000)
        .put("windowMs", 1_000)
        .put("lockoutMs", 1_000);
  }

  /**
   * Enables the gateway's HTTP endpoints for messages and for Chowder's calls, and its Control UI
   * under the public URL.
   *
   * @param publicUrl scheme, host and port, without a path
   */
  public static void openEndpoints(ObjectNode config, String publicUrl) {
    config.withObject("/gateway/http/endpoints/responses").put("enabled", true);
    config.withObject("/plugins/entries/admin-http-rpc").put("enabled", true);
    allowOrigin(config, publicUrl);
  }

  /** Makes the gateway's Control UI accept pages that were loaded from this URL. */
  private static void allowOrigin(ObjectNode config, String publicUrl) {
    var origins = config.withObject("/gateway/controlUi").withArray("allowedOrigins");
    for (var origin : origins) {
      if (origin.asText().equals(publicUrl)) return;
    }
    origins.add(publicUrl);
  }

  /**
   * Applies patches of the overrides to the file's content. Keeps the settings of other writers.
   *
   * @param publicUrl scheme, host and port, without a path. It stays allowed, whatever the patches
   *     set
   */
  public static void apply(ObjectNode config, List<ObjectNode> patches, String publicUrl) {
    patches.forEach(patch -> MergePatch.apply(config, patch));
    allowOrigin(config, publicUrl);
  }

  /**
   * Returns the patch for a running gateway, which merges it itself. The origin of the public URL
   * stays allowed.
   */
  public static ObjectNode keepingOrigin(ObjectNode patch, String publicUrl) {
    var kept = patch.deepCopy();
    if (kept.at("/gateway/controlUi").has("allowedOrigins")) {
      var controlUi = kept.withObject("/gateway/controlUi");
      if (!controlUi.get("allowedOrigins").isArray()) controlUi.putArray("allowedOrigins");
      allowOrigin(kept, publicUrl);
    }
    return kept;
  }

  public static ObjectNode fileSource(String path) {
    return JSON.createObjectNode()
        .put("source", "file")
        .put("path", OpenClawHome.absolute(path))
        .put("mode", "singleValue");
  }

  public static JsonNode secretRef(String source) {
    return JSON.createObjectNode().put("source", "file").put("provider", source).put("id", "value");
  }
}
