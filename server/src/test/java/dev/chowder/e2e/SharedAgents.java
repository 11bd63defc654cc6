package dev.chowder.e2e;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Two running agents for all classes that leave them unchanged, because each takes a gigabyte and
 * half a minute to boot. The scripts created the first; the second is deleted after the last class.
 */
final class SharedAgents implements BeforeAllCallback {
  private static @Nullable Agent first;
  private static @Nullable Agent second;

  static synchronized Agent first() {
    Agent agent = first;
    if (agent == null) {
      agent = new Agent(Caller.ofTheInstallation(), Installation.UNDER_TEST.firstAgent());
      first = agent;
    }
    return running(agent);
  }

  static synchronized Agent second() {
    Agent agent = second;
    if (agent == null) {
      agent = Agent.create(Caller.ofTheInstallation(), "shared-second").awaitRunning();
      second = agent;
    }
    return running(agent);
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
        .getOrComputeIfAbsent(
            SharedAgents.class, key -> (AutoCloseable) SharedAgents::deleteSecond);
  }

  private static synchronized void deleteSecond() {
    if (second != null) {
      second.delete().is(204);
      second = null;
    }
  }
}
