package dev.chowder.e2e;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Two running agents for all classes that leave one as they found it, since each holds a gigabyte
 * and takes half a minute to come; both are deleted after the last class.
 */
final class SharedAgents implements BeforeAllCallback {
  private static final List<Agent> MADE = new ArrayList<>();
  private static @Nullable Agent first;
  private static @Nullable Agent second;

  static synchronized Agent first() {
    Agent agent = first;
    if (agent == null) {
      agent = make("shared-first");
      first = agent;
    }
    return running(agent);
  }

  static synchronized Agent second() {
    Agent agent = second;
    if (agent == null) {
      agent = make("shared-second");
      second = agent;
    }
    return running(agent);
  }

  private static Agent make(String name) {
    Agent agent = Agent.create(Caller.ofTheInstallation(), name);
    MADE.add(agent);
    return agent.awaitRunning();
  }

  /** A test that failed half-way may have left it asleep. */
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
        .getOrComputeIfAbsent(SharedAgents.class, key -> (AutoCloseable) SharedAgents::deleteAll);
  }

  private static synchronized void deleteAll() {
    MADE.forEach(Agent::delete);
    MADE.clear();
    first = null;
    second = null;
  }
}
