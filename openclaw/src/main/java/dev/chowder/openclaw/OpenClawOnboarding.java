package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.config.MergePatch;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.secret.Secret;
import java.util.List;

/**
 * Returns the parts of an onboarded home volume. Completes the onboarded configuration that the
 * image contains. For an image without one, returns the command of an onboarding and its seed: the
 * model's settings, which OpenClaw keeps and completes. The provider's key is in a file and never
 * in an argument or the environment.
 */
public final class OpenClawOnboarding {
  /** The key for a provider that needs none, since OpenClaw rejects an empty key. */
  public static final Secret NO_KEY = Secret.of("none");

  private static final String KEY_SOURCE = "chowder-provider-key";

  private static final String COMMAND =
      """
      openclaw onboard --non-interactive --accept-risk --mode local --auth-choice skip\
       --gateway-port %d --gateway-bind lan --skip-channels --skip-skills --skip-health\
       --skip-daemon --skip-ui --skip-search --skip-hooks --json"""
          .formatted(OpenClawHome.GATEWAY_PORT);

  private OpenClawOnboarding() {}

  /**
   * Returns the command that writes the first configuration, the workspace and the identity. It
   * asks no questions, checks nothing and starts nothing.
   */
  public static List<String> command() {
    return List.of(COMMAND.split(" ", -1));
  }

  /**
   * Returns the files that the home volume must have before the command runs. It must have no other
   * files, and these must not name the key. Otherwise OpenClaw searches for data of its previous
   * versions, which takes a third of the whole onboarding.
   */
  public static List<SandboxFile> files(ModelSetup setup) {
    return List.of(OpenClawConfig.file(seed(setup)));
  }

  /**
   * Returns the configuration that onboarding would write.
   *
   * @param skeleton configuration that onboarding wrote without a model; is changed
   */
  public static ObjectNode configFrom(ObjectNode skeleton, ModelSetup setup) {
    MergePatch.apply(skeleton, seed(setup));
    return skeleton;
  }

  /**
   * Returns the files that a home volume must have before its first boot.
   *
   * @param onboarded the configuration after onboarding; is changed
   * @param token the gateway's token
   * @param publicUrl scheme, host and port of the gateway's public URL, without a path
   */
  public static List<SandboxFile> homeFiles(
      ObjectNode onboarded, ModelSetup setup, Secret token, String publicUrl) {
    useKey(onboarded, setup);
    OpenClawConfig.requireToken(onboarded);
    OpenClawConfig.openEndpoints(onboarded, publicUrl);
    return List.of(
        OpenClawHome.secretFile(OpenClawHome.PROVIDER_KEY, setup.key().orElse(NO_KEY)),
        OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token),
        OpenClawConfig.file(onboarded));
  }

  /**
   * Makes the configuration of an onboarded home volume use the provider's current endpoint and its
   * file of the key. Keeps everything else, above all the settings of callers and of the agent.
   *
   * @param config is changed
   * @throws UnsupportedOperationException if a part of the configuration is no object
   */
  public static void useProvider(ObjectNode config, ModelSetup setup) {
    useKey(config, setup);
    var provider = config.withObject("/models/providers/" + setup.openClawProvider());
    provider.remove(List.of("baseUrl", "api"));
    var models = provider.path("models");
    var seeded = seed(setup).at("/models/providers/" + setup.openClawProvider());
    provider.setAll((ObjectNode) seeded);
    // OpenClaw completes the list.
    if (hasModel(models, setup)) provider.set("models", models);
  }

  private static boolean hasModel(JsonNode models, ModelSetup setup) {
    if (!models.isArray()) return false;
    if (!setup.hasOwnEndpoint() || setup.model().isEmpty()) return true;
    for (var model : models) {
      if (model.path("id").asText().equals(setup.model())) return true;
    }
    return false;
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
    // Sets only what differs from OpenClaw's own data about the provider. Its catalog, limits and
    // protocol details stay in effect.
    if (setup.hasOwnEndpoint()) {
      provider.put("baseUrl", setup.effectiveBaseUrl());
      provider.put("api", setup.effectiveApi());
    }
    if (setup.provider().equals("openai")) {
      // For OpenAI's own endpoint, OpenClaw would choose the Codex runtime, a plugin that the image
      // lacks.
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
