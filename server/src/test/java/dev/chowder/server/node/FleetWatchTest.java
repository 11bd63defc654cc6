package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.api.v1.WatchInstancesRequest;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests watching all instances of an organization in one stream, on a node. */
class FleetWatchTest {
  @TempDir static Path home;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    node =
        Node.start(
            home,
            Map.of(
                "chowder.reconciler.interval", "1h",
                "chowder.fleet-watch.poll-interval", "20ms",
                "chowder.fleet-watch.visibility-timeout", "20s",
                "chowder.fleet-watch.heartbeat-interval", "200ms",
                "chowder.fleet-watch.max-per-organization", 2));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void existingInstancesComeFirstThenChangesOfThisOrganizationOnly() {
    var key = node.newcomer("crab");
    var theirs = node.newcomer("crab");
    var foreign = node.createRunning(theirs);
    var old = node.createRunning(key);
    try (var watch = new Watch(key, "")) {
      assertThat(watch.await(c -> c.getInstance().getId().equals(old)).getInstance().getStatus())
          .isEqualTo(Instance.Status.running);
      watch.await(InstanceChange::hasCursor);
      var fresh = node.createRunning(key);
      watch.await(c -> is(c, fresh, Instance.Status.running));
      rename(key, old, "renamed");
      watch.await(c -> c.getInstance().getName().equals("renamed"));
      rename(theirs, foreign, "not yours");
      delete(key, fresh);
      watch.await(c -> is(c, fresh, Instance.Status.terminated));
      assertThat(watch.seen).doesNotContain(foreign).contains(old, fresh);
    }
  }

  @Test
  void aWatchResumesAtACursorAndReportsDeletions() {
    var key = node.newcomer("crab");
    var kept = node.createRunning(key);
    var gone = node.createRunning(key);
    String cursor;
    try (var watch = new Watch(key, "")) {
      cursor = watch.await(InstanceChange::hasCursor).getCursor();
    }
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(kept).build());
    delete(key, gone);
    try (var watch = new Watch(key, cursor)) {
      watch.await(c -> is(c, gone, Instance.Status.terminated));
      if (!watch.seen.contains(kept)) watch.await(c -> is(c, kept, Instance.Status.stopped));
    }
  }

  /** Uses its own node, because the cursor of another test must not expire. */
  @Test
  void onlyACursorThatMissedDeletedChangesExpires(@TempDir Path other) throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.reconciler.interval", "1h",
            "chowder.fleet-watch.poll-interval", "20ms",
            "chowder.fleet-watch.visibility-timeout", "500ms",
            "chowder.fleet-watch.retention", "4s",
            "chowder.fleet-watch.heartbeat-interval", "200ms");
    try (var forgetful = Node.start(other, settings)) {
      var key = forgetful.newcomer("crab");
      var id = forgetful.createRunning(key);
      String cursor;
      try (var watch = new Watch(forgetful, key, "")) {
        // The newest cursor once all changes are visible.
        Node.await(() -> newest(watch, key));
        cursor = watch.await(InstanceChange::hasCursor).getCursor();
      }
      rename(forgetful, key, id, "later");
      Node.await(
          () -> {
            try (var watch = new Watch(forgetful, key, cursor)) {
              watch.await(c -> c.getInstance().getName().equals("later"));
              return "the cursor is still good";
            } catch (StatusRuntimeException why) {
              assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
              return "";
            }
          });
    }
  }

  @Test
  void watchesOfAnOrganizationAreLimitedAndEndedOnesDoNotCount() {
    var key = node.newcomer("crab");
    try (var one = new Watch(key, "");
        var two = new Watch(key, "")) {
      one.await(InstanceChange::hasCursor);
      two.await(InstanceChange::hasCursor);
      assertThatThrownBy(
              () -> {
                try (var three = new Watch(key, "")) {
                  three.await(InstanceChange::hasCursor);
                }
              })
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              why ->
                  assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
    }
    Node.await(
        () -> {
          try (var again = new Watch(key, "")) {
            again.await(InstanceChange::hasCursor);
            return "";
          } catch (StatusRuntimeException full) {
            return full.toString();
          }
        });
  }

  /** Returns the cursor that two heartbeats in a row report. */
  private static String newest(Watch watch, String key) {
    var one = watch.await(InstanceChange::hasCursor).getCursor();
    var two = watch.await(InstanceChange::hasCursor).getCursor();
    return one.equals(two) ? "" : key.length() + ": moving";
  }

  private static boolean is(InstanceChange change, String id, Instance.Status status) {
    return change.getInstance().getId().equals(id) && change.getInstance().getStatus() == status;
  }

  private static void rename(String key, String id, String name) {
    rename(node, key, id, name);
  }

  private static void rename(Node at, String key, String id, String name) {
    var _ =
        at.instances(key)
            .updateInstance(
                UpdateInstanceRequest.newBuilder().setInstanceId(id).setName(name).build());
  }

  private static void delete(String key, String id) {
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  /** An open watch and the instances that it reported. */
  private static final class Watch implements AutoCloseable {
    final Set<String> seen = new HashSet<>();
    private final Context.CancellableContext context = Context.current().withCancellation();
    private final Iterator<InstanceChange> changes;

    Watch(String key, String after) {
      this(node, key, after);
    }

    Watch(Node at, String key, String after) {
      var request = WatchInstancesRequest.newBuilder();
      if (!after.isEmpty()) request.setAfter(after);
      var before = context.attach();
      try {
        changes = at.instances(key).watchInstances(request.build());
      } finally {
        context.detach(before);
      }
    }

    /** Waits for the first change that matches. The stream's deadline bounds the wait. */
    InstanceChange await(Predicate<InstanceChange> holds) {
      while (true) {
        var next = changes.next();
        if (next.hasInstance()) seen.add(next.getInstance().getId());
        if (holds.test(next)) return next;
      }
    }

    @Override
    public void close() {
      var _ = context.cancel(null);
    }
  }
}
