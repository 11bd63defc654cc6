package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.base.Await;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Three nodes change the configuration of one running agent at the same time. */
@ExtendWith(SharedNodes.class)
class ConfigChangesIT {
  private static final int PAIRS = 100;
  private static final int CALLERS = 6;
  private static final int CHANGES_OF_A_CALLER = 40;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final ThreeNodes nodes = SharedNodes.get().nodes();

  @Test
  void noAcceptedChangeIsLostAlsoWhenANodeIsKilled() throws Exception {
    var owner = new Owner(nodes, "whale");
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = nodes.node(1).channel();
      var id = owner.create(first, "agent").getId();
      Await.until(
          LIMIT,
          () -> owner.get(first, id).getStatus() == Instance.Status.running,
          () -> owner.get(first, id).toString());

      var expected = new TreeSet<String>();
      int pairsThatLost = 0;
      for (int n = 0; n < PAIRS; n++) {
        var one = "a" + n;
        var other = "b" + n;
        var nodeOfOne = nodes.node(1 + n % 3).channel();
        var nodeOfOther = nodes.node(1 + (n + 1) % 3).channel();
        together(
            callers,
            () -> patch(owner, nodeOfOne, id, one),
            () -> patch(owner, nodeOfOther, id, other));
        var pair = Set.of(one, other);
        expected.addAll(pair);
        if (!shown(owner, nodeOfOne, id).containsAll(pair)) pairsThatLost++;
      }
      assertThat(pairsThatLost).as("pairs of %s that lost a change", PAIRS).isZero();
      assertThat(shown(owner, first, id)).containsAll(expected);

      // Changes with a response were accepted; the others may have been.
      var accepted = new ConcurrentSkipListSet<String>();
      var asked = new ArrayList<Future<?>>();
      for (int c = 0; c < CALLERS; c++) {
        int caller = c;
        int number = 1 + c % 3;
        var channel = nodes.node(number).channel();
        asked.add(
            callers.submit(
                () -> {
                  for (int n = 0; n < CHANGES_OF_A_CALLER; n++) {
                    var name = "c" + caller + "n" + n;
                    try {
                      patch(owner, channel, id, name);
                      accepted.add(name);
                    } catch (StatusRuntimeException killed) {
                      if (number == 2) return;
                    }
                  }
                }));
      }
      Await.until(LIMIT, () -> accepted.size() > 20, accepted::toString);
      nodes.node(2).signal("KILL");
      for (var one : asked) one.get();
      assertThat(accepted).hasSizeGreaterThan(20);
      var shown = shown(owner, first, id);
      assertThat(shown).containsAll(accepted).containsAll(expected);
      Await.until(
          LIMIT,
          () -> owner.get(first, id).getStage().isEmpty(),
          () -> owner.get(first, id).toString());
      assertThat(shown(owner, nodes.node(3).channel(), id)).containsAll(accepted);
    } finally {
      owner.leave(nodes);
    }
  }

  private static void together(
      ExecutorService callers, Callable<Instance> one, Callable<Instance> other) throws Exception {
    for (var each : callers.invokeAll(List.of(one, other))) each.get();
  }

  private static Instance patch(Owner owner, Channel channel, String id, String name) {
    return owner
        .over(channel)
        .updateInstance(
            UpdateInstanceRequest.newBuilder()
                .setInstanceId(id)
                .setOpenclawConfig(
                    Struct.newBuilder()
                        .putFields(
                            "messages." + name, Value.newBuilder().setBoolValue(true).build()))
                .build());
  }

  private static Set<String> shown(Owner owner, Channel channel, String id) {
    return owner
        .get(channel, id)
        .getOpenclawConfig()
        .getFieldsOrThrow("messages")
        .getStructValue()
        .getFieldsMap()
        .keySet();
  }
}
