package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeScript.Call;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that effects that fail at each attempt do not delay other effects. */
class StuckEffectsTest {
  /** The default of {@code chowder.effect.max-concurrent}. */
  private static final int PERMITS = 32;

  private static final int FOREVER = 10_000;

  @TempDir Path home;

  @Test
  void failingRemovalsDoNotDelayCreatesOfOtherOrganizations() throws IOException {
    // Each removal is attempted once during the test.
    var seldom =
        Map.<String, Object>of(
            "chowder.effect.min-retry-delay", "1h", "chowder.effect.max-retry-delay", "1h");
    try (var node = Node.start(home, seldom)) {
      var broken = node.newcomer("whale");
      var ids = new ArrayList<String>();
      for (int n = 0; n < PERMITS; n++) ids.add(node.createRunning(broken));
      node.script().failNext(Verb.REMOVE, FOREVER, Reason.ENGINE_UNREACHABLE, "docker: no answer");
      for (var id : ids) delete(node, broken, id);
      Node.await(() -> tried(node, Verb.REMOVE).containsAll(sandboxes(ids)) ? "" : "not all tried");

      var quiet = node.newcomer("whale");
      var agent = node.get(quiet, node.createRunning(quiet));
      assertThat(agent.getStatus()).isEqualTo(Instance.Status.running);
    }
  }

  @Test
  void pendingEffectsBeyondTheFirstPageAreDispatchedAfterARestart() throws IOException {
    var host = Node.host(home.resolve("sandboxes"));
    var ids = new ArrayList<String>();
    var settings =
        Map.<String, Object>of(
            "chowder.reconciler.max-batch-size", 2, "chowder.effect.sleep.freeze", "false");
    host.script().failNext(Verb.STOP, FOREVER, Reason.ENGINE_UNREACHABLE, "docker: no answer");
    try (var node = Node.start(home, host, settings)) {
      var key = node.newcomer("whale");
      for (int n = 0; n < 5; n++) ids.add(node.createRunning(key));
      for (var id : ids) stop(node, key, id);
      Node.await(() -> tried(node, Verb.STOP).containsAll(sandboxes(ids)) ? "" : "not all tried");
    }
    int before = host.script().calls().size();
    try (var node = Node.start(home, host, settings)) {
      Node.await(
          () -> {
            var calls = node.script().calls();
            var tried = tried(Verb.STOP, calls.subList(before, calls.size()));
            return tried.containsAll(sandboxes(ids)) ? "" : "tried: " + tried.size();
          });
    }
  }

  @Test
  void aStopSucceedsAfterALongOutageOfTheEngine() throws IOException {
    var quick =
        Map.<String, Object>of(
            "chowder.effect.stop-timeout", "0s", "chowder.reconciler.redispatch-interval", "100ms");
    try (var node = Node.start(home, quick)) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      node.script().failNext(Verb.FREEZE, 3, Reason.ENGINE_UNREACHABLE, "docker: no answer");
      stop(node, key, id);
      assertThat(node.awaitStatus(key, id, Instance.Status.stopped).getErrorReason()).isEmpty();
      // A dispatch just as the instance stops causes one more call.
      assertThat(node.script().calls())
          .filteredOn(c -> c.verb() == Verb.FREEZE)
          .hasSizeGreaterThanOrEqualTo(4);
    }
  }

  private static void stop(Node node, String key, String id) {
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private static void delete(Node node, String key, String id) {
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private static Set<SandboxId> tried(Node node, Verb verb) {
    return tried(verb, node.script().calls());
  }

  private static Set<SandboxId> tried(Verb verb, List<Call> calls) {
    return calls.stream()
        .filter(call -> call.verb() == verb)
        .flatMap(call -> call.id().stream())
        .collect(Collectors.toSet());
  }

  private static Set<SandboxId> sandboxes(List<String> ids) {
    return ids.stream().map(Node::sandbox).collect(Collectors.toSet());
  }
}
