package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.secret.Secret;
import java.util.List;

/**
 * OpenClaw's own onboarding, non-interactive. The model's settings are there before it runs, as a
 * seed that it keeps and completes; the provider's key comes afterwards, in a file and never in an
 * argument or the environment.
 */
public final class OpenClawOnboarding {
  /** What a provider that wants no key is sent: OpenClaw refuses an empty one. */
  public static final Secret NO_KEY = Secret.of("none");

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

  /**
   * What must lie in the home before the command runs. Nothing else may, and the key is not named
   * in it: in a home with other files, or with a configuration that has secrets, OpenClaw looks for
   * what its former versions may have left, which takes a third of the whole onboarding.
   */
  public static List<SandboxFile> files(ModelSetup setup) {
    return List.of(OpenClawConfig.file(seed(setup)));
  }

  /** What must lie in the home afterwards. */
  public static List<SandboxFile> filesWithKey(ObjectNode onboarded, ModelSetup setup) {
    useKey(onboarded, setup);
    return List.of(
        OpenClawHome.secretFile(OpenClawHome.PROVIDER_KEY, setup.key().orElse(NO_KEY)),
        OpenClawConfig.file(onboarded));
  }

  static void useKey(ObjectNode config, ModelSetup setup) {
    config
        .withObject("/secrets/providers")
        .set(KEY_SOURCE, OpenClawConfig.fileSource(OpenClawHome.PROVIDER_KEY));
    config
        .withObject("/models/providers/" + setup.openClawProvider())
        .set("apiKey", OpenClawConfig.secretRef(KEY_SOURCE));
  }

  static ObjectNode seed(ModelSetup setup) {
    var seed = OpenClawConfig.JSON.createObjectNode();
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
