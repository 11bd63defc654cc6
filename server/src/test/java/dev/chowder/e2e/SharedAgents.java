package dev.chowder.e2e;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Two running agents for all classes that leave them as they were, because each takes a gigabyte
 * and half a minute to boot. The scripts created the first. The other one, {@link #configured()},
 * is deleted after the last class.
 */
final class SharedAgents implements BeforeAllCallback {
  private static @Nullable Agent first;
  private static @Nullable Configured configured;

  /**
   * An agent of an organization that has one slot. The organization has a key of the model
   * provider, and the agent was created with overrides.
   */
  record Configured(Agent agent, String providerKey, String skillKey) {
    /** Path of the override that is a secret. */
    static final String SKILL_KEY = "skills.entries.weather.apiKey";

    /** Value of the override {@code agents.defaults.maxConcurrent}. */
    static final int MAX_CONCURRENT = 3;

    private static Configured create() {
      var providerKey = "sk-provider-" + UUID.randomUUID();
      var skillKey = "sk-skill-" + UUID.randomUUID();
      Caller caller =
          Caller.newcomer(
              "configured",
              """
              {"model_endpoints": {"custom": {"base_url": "%s/v1", "model": "demo"}},
               "model_api_keys": {"custom": "%s"}}
              """
                  .formatted(Installation.UNDER_TEST.demoModel(), providerKey));
      ObjectNode request = Answer.JSON.createObjectNode().put("name", "configured");
      request
          .putObject("openclaw_config")
          .put("agents.defaults.maxConcurrent", MAX_CONCURRENT)
          .put(SKILL_KEY, skillKey);
      return new Configured(Agent.create(caller, request).awaitRunning(), providerKey, skillKey);
    }
  }

  static synchronized Agent first() {
    Agent agent = first;
    if (agent == null) {
      agent = new Agent(Caller.ofTheInstallation(), Installation.UNDER_TEST.firstAgent());
      first = agent;
    }
    return running(agent);
  }

  /** Returns the agent with a configuration. */
  static synchronized Configured configured() {
    Configured shared = configured;
    if (shared == null) {
      shared = Configured.create();
      configured = shared;
    }
    var _ = running(shared.agent());
    return shared;
  }

  /** Returns the same agent for a test that breaks and deletes it. No other class gets it again. */
  static synchronized Agent takeConfigured() {
    Agent taken = configured().agent();
    configured = null;
    return taken;
  }

  /** Starts the agent if a test failed and left it stopped. */
  private static Agent running(Agent agent) {
    if (agent.get().text("status").equals("stopped")) {
      agent.start(180).is(200);
    }
    return agent;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    context
        .getRoot()
        .getStore(ExtensionContext.Namespace.create(SharedAgents.class))
        .getOrComputeIfAbsent(SharedAgents.class, key -> (AutoCloseable) SharedAgents::delete);
  }

  private static synchronized void delete() {
    if (configured != null) takeConfigured().delete().is(204);
  }
}
