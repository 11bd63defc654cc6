package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import java.util.List;

/**
 * OpenClaw's configuration file as JSON, and the parts of it that Chowder owns. Pure: reads and
 * writes no file itself.
 */
public final class OpenClawConfig {
  /**
   * The file may have been written by people: comments and trailing commas are read, and not kept.
   */
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(
              JsonReadFeature.ALLOW_JAVA_COMMENTS,
              JsonReadFeature.ALLOW_TRAILING_COMMA,
              JsonReadFeature.ALLOW_SINGLE_QUOTES,
              JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .build();

  private static final String TOKEN_SOURCE = "chowder-gateway-token";

  private OpenClawConfig() {}

  /**
   * Parses the file; an {@link IllegalArgumentException} says that it is none, without its content.
   */
  public static ObjectNode parse(ByteString file) {
    try {
      if (JSON.readTree(file.toStringUtf8()) instanceof ObjectNode config) return config;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "openclaw.json: no JSON from line " + e.getLocation().getLineNr() + " on");
    }
    throw new IllegalArgumentException("openclaw.json: no object (expected: a JSON object)");
  }

  public static SandboxFile file(ObjectNode config) {
    return new SandboxFile(
        OpenClawHome.CONFIG, ByteString.copyFromUtf8(config.toPrettyString() + "\n"), 0600);
  }

  /** Has the gateway demand the token that lies in {@link OpenClawHome#GATEWAY_TOKEN}. */
  public static void demandToken(ObjectNode config) {
    config
        .withObject("/secrets/providers")
        .set(TOKEN_SOURCE, fileSource(OpenClawHome.GATEWAY_TOKEN));
    var auth = config.withObject("/gateway/auth");
    auth.put("mode", "token");
    auth.set("token", secretRef(TOKEN_SOURCE));
    // To the gateway every caller has the host's address, so its lockout after ten wrong tokens
    // would let a stranger shut Chowder out. Against 256 random bits it protects nothing.
    auth.putObject("rateLimit")
        .put("maxAttempts", 1_000_000)
        .put("windowMs", 1_000)
        .put("lockoutMs", 1_000);
  }

  /**
   * Lets the gateway take messages and the control plane's calls over HTTP, and its own console
   * work under its public URL.
   *
   * @param publicUrl scheme, host and port, without a path
   */
  public static void openEndpoints(ObjectNode config, String publicUrl) {
    config.withObject("/gateway/http/endpoints/responses").put("enabled", true);
    config.withObject("/plugins/entries/admin-http-rpc").put("enabled", true);
    allowOrigin(config, publicUrl);
  }

  /** Has the gateway's console accept pages that were loaded from this URL. */
  private static void allowOrigin(ObjectNode config, String publicUrl) {
    var origins = config.withObject("/gateway/controlUi").withArray("allowedOrigins");
    for (var origin : origins) {
      if (origin.asText().equals(publicUrl)) return;
    }
    origins.add(publicUrl);
  }

  /**
   * Applies a change of the overrides onto the file's content; what others wrote there stays.
   *
   * @param publicUrl scheme, host and port, without a path: stays allowed whatever the change says
   */
  public static void apply(ObjectNode config, List<ObjectNode> patches, String publicUrl) {
    patches.forEach(patch -> MergePatch.apply(config, patch));
    allowOrigin(config, publicUrl);
  }

  /**
   * The same patch for a running gateway, which merges it by itself: the origin of its public URL
   * stays allowed.
   */
  public static ObjectNode keepingOrigin(ObjectNode patch, String publicUrl) {
    var kept = patch.deepCopy();
    if (kept.at("/gateway/controlUi").has("allowedOrigins")) {
      var console = kept.withObject("/gateway/controlUi");
      if (!console.get("allowedOrigins").isArray()) console.putArray("allowedOrigins");
      allowOrigin(kept, publicUrl);
    }
    return kept;
  }

  static ObjectNode fileSource(String path) {
    return JSON.createObjectNode()
        .put("source", "file")
        .put("path", OpenClawHome.absolute(path))
        .put("mode", "singleValue");
  }

  static JsonNode secretRef(String source) {
    return JSON.createObjectNode().put("source", "file").put("provider", source).put("id", "value");
  }
}
