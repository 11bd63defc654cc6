package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.base.Await;
import dev.chowder.server.cluster.SmallDisk;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A node whose H2 file is on a full disk. */
class FullDiskIT {
  private static final int DISK_MEBIBYTES = 64;
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
  private static final Duration FULL_LIMIT = Duration.ofMinutes(2);

  /** More than one rejected call, since a full disk must not break the node after the first. */
  private static final int REFUSALS = 5;

  private static final Set<Status.Code> DOCUMENTED =
      EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);

  private int renames;

  /** The acknowledged name, and names from calls without a response. */
  private final Set<String> names = new HashSet<>(Set.of("one"));

  /** The guard is off, because it acts before the disk is full. */
  @Test
  void acknowledgedChangesSurviveAFullDisk() throws Exception {
    onASmallDisk(this::acknowledgedChangesSurvive);
  }

  /** Otherwise nothing could be recorded after other programs filled the disk. */
  @Test
  void aNodeContinuesOnItsReserve() throws Exception {
    onASmallDisk(this::changesAreAcknowledgedAgain);
  }

  /** A test on a small disk. */
  @FunctionalInterface
  private interface Scenario {
    void run(Path home, LifecycleRun lifecycle, SmallDisk disk) throws IOException;
  }

  private static void onASmallDisk(Scenario scenario) throws Exception {
    var mounted = SmallDisk.mount(DISK_MEBIBYTES);
    assumeTrue(
        mounted.isPresent(),
        "cannot fill a disk: this user cannot mount a small one; run as root, or allow sudo"
            + " without a password");
    try (var disk = mounted.orElseThrow();
        var models = new ListedModels()) {
      var home = Files.createDirectory(disk.folder().resolve("home"));
      ServerProcess.disarm(home);
      scenario.run(home, new LifecycleRun(home, models.baseUrl(), _ -> {}), disk);
    }
  }

  private void changesAreAcknowledgedAgain(Path home, LifecycleRun lifecycle, SmallDisk disk)
      throws IOException {
    var settings =
        List.of(
            "-Dchowder.disk.min-free-space=8 MiB",
            "-Dchowder.disk.reserve-size=4 MiB",
            "-Dchowder.disk.guard-interval=100ms");
    var reserve = home.resolve("disk-reserve");
    try (var server = ServerProcess.start(home, new HomeStorage.File(), settings)) {
      lifecycle.begin(server);
      Await.until(() -> Files.exists(reserve));
      disk.fill();
      Await.until(() -> !Files.exists(reserve));
      Await.until(() -> rename(server, lifecycle).isEmpty());
      var create =
          CreateInstanceRequest.newBuilder().setName("two").setModelProvider("custom").build();
      assertThatThrownBy(() -> instances(server, lifecycle).createInstance(create))
          .hasMessageContaining("8 MiB must be free");
      disk.empty();
      Await.until(() -> Files.exists(reserve));
      lifecycle.awaitSteady(server);
    }
  }

  private void acknowledgedChangesSurvive(Path home, LifecycleRun lifecycle, SmallDisk disk)
      throws IOException {
    try (var server = start(home)) {
      lifecycle.begin(server);
      renameUntilRejected(server, lifecycle, disk);
      disk.empty();
      server.kill();
    }
    try (var server = start(home)) {
      assertThat(name(server, lifecycle)).isIn(names);
      lifecycle.awaitSteady(server);
      lifecycle.finish(server);
    }
  }

  private ServerProcess start(Path home) throws IOException {
    var settings = List.of("-Dchowder.disk.min-free-space=0");
    return ServerProcess.start(home, new HomeStorage.File(), settings);
  }

  private void renameUntilRejected(ServerProcess server, LifecycleRun lifecycle, SmallDisk disk)
      throws IOException {
    long limit = System.nanoTime() + FULL_LIMIT.toNanos();
    for (int refused = 0; refused < REFUSALS; ) {
      disk.fill();
      var why = rename(server, lifecycle);
      if (why.isPresent()) {
        assertThat(why.get()).as(server.tail()).isIn(DOCUMENTED);
        refused++;
      }
      assertThat(System.nanoTime()).as("refused: " + refused).isLessThan(limit);
    }
  }

  /** Returns the code of the rejection; empty if the call was acknowledged. */
  private Optional<Status.Code> rename(ServerProcess server, LifecycleRun lifecycle) {
    var name = "n" + ++renames;
    var request =
        UpdateInstanceRequest.newBuilder().setInstanceId(lifecycle.id()).setName(name).build();
    try {
      assertThat(instances(server, lifecycle).updateInstance(request).getName()).isEqualTo(name);
      names.clear();
      return Optional.empty();
    } catch (StatusRuntimeException why) {
      return Optional.of(why.getStatus().getCode());
    } finally {
      names.add(name);
    }
  }

  private static String name(ServerProcess server, LifecycleRun lifecycle) {
    return instances(server, lifecycle)
        .getInstance(GetInstanceRequest.newBuilder().setInstanceId(lifecycle.id()).build())
        .getName();
  }

  private static InstanceServiceBlockingStub instances(
      ServerProcess server, LifecycleRun lifecycle) {
    return InstanceServiceGrpc.newBlockingStub(server.channel())
        .withCallCredentials(lifecycle.credentials())
        .withDeadlineAfter(CALL_LIMIT.toSeconds(), TimeUnit.SECONDS);
  }
}
