package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.secret.Secret;
import java.util.List;

/**
 * OpenClaw's own onboarding, non-interactive. The model's settings are there before it runs, as a
 * seed that it keeps and completes: so the provider's key travels in a file and never in an
 * argument or the environment.
 */
public final class OpenClawOnboarding {
  /** What a provider that wants no key is sent: OpenClaw refuses an empty one. */
  private static final Secret NO_KEY = Secret.of("none");

  private static final String KEY_SOURCE = "chowder-provider-key";

  private OpenClawOnboarding() {}

  /**
   * Asks nothing, checks nothing, starts nothing: writes the first configuration, the workspace and
   * the identity.
   */
  public static List<String> command() {
    return List.of(
        "openclaw",
        "onboard",
        "--non-interactive",
        "--accept-risk",
        "--mode",
        "local",
        "--auth-choice",
        "skip",
        "--gateway-port",
        Integer.toString(OpenClawHome.GATEWAY_PORT),
        "--gateway-bind",
        "lan",
        "--skip-channels",
        "--skip-skills",
        "--skip-health",
        "--skip-daemon",
        "--skip-ui",
        "--skip-search",
        "--skip-hooks",
        "--json");
  }

  /** What must lie in the home before the command runs. */
  public static List<SandboxFile> files(ModelSetup setup) {
    return List.of(
        OpenClawHome.secretFile(OpenClawHome.PROVIDER_KEY, setup.key().orElse(NO_KEY)),
        new SandboxFile(
            OpenClawHome.CONFIG, ByteString.copyFromUtf8(seed(setup).toPrettyString()), 0600));
  }

  static ObjectNode seed(ModelSetup setup) {
    var seed = OpenClawConfig.JSON.createObjectNode();
    seed.putObject("secrets")
        .putObject("providers")
        .set(KEY_SOURCE, OpenClawConfig.fileSource(OpenClawHome.PROVIDER_KEY));
    var provider =
        seed.putObject("models").putObject("providers").putObject(setup.openClawProvider());
    // Only what differs from OpenClaw's own idea of the provider: its catalog, limits and protocol
    // details stay in force.
    if (setup.hasOwnEndpoint()) {
      provider.put("baseUrl", setup.effectiveBaseUrl());
      provider.put("api", setup.effectiveApi());
    }
    if (setup.provider().equals("openai")) {
      // At OpenAI's own endpoint OpenClaw would choose the Codex runtime, a plugin that the image
      // does not have.
      provider.putObject("agentRuntime").put("id", "openclaw");
    }
    provider.set("apiKey", OpenClawConfig.secretRef(KEY_SOURCE));
    var models = provider.putArray("models");
    if (setup.hasOwnEndpoint() && !setup.model().isEmpty()) {
      models.addObject().put("id", setup.model()).put("name", setup.model());
    }
    seed.putObject("agents")
        .putObject("defaults")
        .putObject("model")
        .put("primary", setup.openClawProvider() + "/" + setup.effectiveModel());
    return seed;
  }
}
