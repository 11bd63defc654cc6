package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Instance.Status;
import dev.chowder.base.Await;
import dev.chowder.server.Main;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Three nodes act as one server: each knows the changes of the others and takes over their work.
 */
@ExtendWith(SharedNodes.class)
class ClusterIT {
  /** From a kill until other nodes continue the work: detection, agreement and removal. */
  private static final Duration TAKE_OVER_LIMIT = Duration.ofSeconds(90);

  /** Much longer than a notification takes, and much shorter than recovery from a lost one. */
  private static final Duration AT_ONCE = Duration.ofSeconds(10);

  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(60);

  private final ThreeNodes nodes = SharedNodes.get().nodes();
  private Owner owner;

  @BeforeEach
  void signUp() throws IOException, InterruptedException {
    owner = new Owner(nodes, "lobster");
  }

  @AfterEach
  void heal() {
    nodes.heal();
    owner.leave(nodes);
  }

  @Test
  void aWatchSeesChangesOfOtherNodesAtOnce() {
    var id = owner.create(nodes.node(1).channel(), "watched").getId();
    try (var watch = Watcher.of(owner, nodes.node(2).channel(), id)) {
      watch.await(Status.running, SETTLE_LIMIT);
      var stopped = owner.stop(nodes.node(3).channel(), id);
      assertThat(stopped.getStatus()).isEqualTo(Status.stopped);
      watch.awaitRevision(stopped.getRevision(), AT_ONCE);
      owner.delete(nodes.node(1).channel(), id);
      watch.await(Status.terminated, AT_ONCE);
    }
  }

  @Test
  void aListIncludesEveryAcknowledgedChangeAtEveryNode() {
    for (int round = 0; round < 6; round++) {
      var here = nodes.all().get(round % 3).channel();
      var there = nodes.all().get((round + 1) % 3).channel();
      var elsewhere = nodes.all().get((round + 2) % 3).channel();
      var id = owner.create(here, "fresh").getId();
      assertThat(owner.list(there)).containsKey(id);
      awaitStatus(id, Status.running);
      assertThat(owner.stop(there, id).getStatus()).isEqualTo(Status.stopped);
      assertThat(owner.list(elsewhere)).containsEntry(id, Status.stopped);
      owner.delete(elsewhere, id);
      assertThat(owner.list(here)).doesNotContainKey(id);
    }
  }

  @Test
  void allNodesTogetherGrantOnlyTheTiersSlots() throws Exception {
    var small = new Owner(nodes, "crab");
    try {
      var made = new AtomicInteger();
      try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int n = 0; n < 45; n++) {
          var node = nodes.all().get(n % 3);
          callers.execute(
              () -> {
                try {
                  small.create(node.channel(), "slot");
                  made.incrementAndGet();
                } catch (StatusRuntimeException full) {
                  // More creates than the tier's ten slots: rejected.
                }
              });
        }
      }
      assertThat(made).hasValue(10);
      assertThat(small.list(nodes.node(2).channel())).hasSize(10);
    } finally {
      small.leave(nodes);
    }
  }

  @Test
  void instancesOfAKilledNodeContinueOnOthersWithoutLossOrDuplicates() throws Exception {
    continuesWithout(
        nodes.node(1),
        (victim, _) -> {
          victim.signal("KILL");
          assertThat(victim.awaitExit(AT_ONCE)).isEqualTo(128 + 9);
        });
  }

  @Test
  void aNodePausedForTooLongStopsItselfWithoutLossOrDuplicates() throws Exception {
    continuesWithout(
        nodes.node(2),
        (victim, awaitTakeOver) -> {
          victim.signal("STOP");
          awaitTakeOver.run();
          victim.signal("CONT");
          assertThat(victim.awaitExit(SETTLE_LIMIT)).as(victim.tail()).isEqualTo(Main.LOST);
        });
  }

  /**
   * Creates instances through the other two nodes while {@code loss} takes the victim away.
   *
   * @param loss gets the victim, and what waits until the others have taken over
   */
  private void continuesWithout(Node victim, BiConsumer<Node, Runnable> loss) throws Exception {
    var others = nodes.all().stream().filter(node -> node != victim).toList();
    Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    var unanswered = new AtomicInteger();
    var over = new AtomicBoolean();
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      // These are in their first stages when the victim is lost.
      IntStream.range(0, 30)
          .forEach(
              n ->
                  acknowledged.add(
                      owner.create(nodes.all().get(n % 3).channel(), "before").getId()));
      others.forEach(
          node ->
              callers.execute(
                  () -> {
                    while (!over.get()) {
                      try {
                        acknowledged.add(owner.create(node.channel(), "meanwhile").getId());
                        Thread.sleep(100);
                      } catch (StatusRuntimeException late) {
                        // Its shard was on the victim, so the create may have happened.
                        unanswered.incrementAndGet();
                      } catch (InterruptedException end) {
                        return;
                      }
                    }
                  }));
      Runnable awaitTakeOver =
          () ->
              Await.until(
                  TAKE_OVER_LIMIT,
                  () -> acknowledged.stream().allMatch(id -> answers(others.getFirst(), id)),
                  () -> "unanswered creates: " + unanswered);
      try {
        loss.accept(victim, awaitTakeOver);
        awaitTakeOver.run();
      } finally {
        // Otherwise the callers never end, and closing their executor waits forever.
        over.set(true);
      }
    }
    var ids = Set.copyOf(acknowledged);
    assertThat(ids).as("distinct ids").hasSize(acknowledged.size());
    Await.until(
        SETTLE_LIMIT,
        () -> {
          var listed = owner.list(others.getLast().channel());
          return ids.stream().allMatch(id -> listed.get(id) == Status.running)
              // Creates without a response also reach a steady state.
              && listed.values().stream().allMatch(status -> status == Status.running);
        },
        () -> notRunning(others));
    var listed = owner.list(others.getLast().channel());
    assertThat(listed.size()).isBetween(ids.size(), ids.size() + unanswered.get());
    for (var id : listed.keySet()) assertThat(sandboxes()).contains("sb-" + id);
    nodes.heal();
    assertThat(owner.list(victim.channel())).isEqualTo(listed);
    // Slots equal instances: every instance can be deleted, and nothing of it remains.
    for (var id : listed.keySet()) owner.delete(victim.channel(), id);
    Await.until(
        SETTLE_LIMIT,
        () -> listed.keySet().stream().noneMatch(id -> sandboxes().contains("sb-" + id)),
        () -> "left: " + sandboxes().size());
    assertThat(owner.list(others.getFirst().channel())).isEmpty();
  }

  private boolean answers(Node node, String id) {
    try {
      return owner.get(node.channel(), id).getId().equals(id);
    } catch (StatusRuntimeException notYet) {
      return false;
    }
  }

  private void awaitStatus(String id, Status wanted) {
    var channel = nodes.node(1).channel();
    Await.until(
        SETTLE_LIMIT,
        () -> owner.get(channel, id).getStatus() == wanted,
        () -> owner.get(channel, id).toString());
  }

  /**
   * Returns the instances that do not run yet, with their stages and the log lines about the first.
   */
  private String notRunning(List<Node> others) {
    var channel = others.getLast().channel();
    var late =
        owner.list(channel).entrySet().stream()
            .filter(one -> one.getValue() != Status.running)
            .map(Map.Entry::getKey)
            .toList();
    return late.stream().map(id -> owner.get(channel, id).toString()).toList()
        + "\n"
        + others.stream()
            .flatMap(node -> node.log().lines())
            .filter(line -> late.stream().limit(1).anyMatch(line::contains))
            .collect(Collectors.joining("\n"));
  }

  private List<String> sandboxes() {
    try (var found = Files.list(nodes.sandboxes())) {
      return found.map(path -> String.valueOf(path.getFileName())).toList();
    } catch (IOException why) {
      throw new java.io.UncheckedIOException(why);
    }
  }
}
