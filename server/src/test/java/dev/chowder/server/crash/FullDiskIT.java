package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.server.cluster.SmallDisk;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a node whose database is a file makes of a disk that is full. */
class FullDiskIT {
  private static final int DISK_MEBIBYTES = 64;
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
  private static final Duration FULL_LIMIT = Duration.ofMinutes(2);

  /** One call that is refused is not all that happens on a full disk. */
  private static final int REFUSALS = 5;

  private static final Set<Status.Code> DOCUMENTED =
      EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);

  private int renames;

  /** What it was acknowledged to be called, and what may have happened since without an answer. */
  private final Set<String> names = new HashSet<>(Set.of("one"));

  @Test
  void nothingThatWasAcknowledgedIsLostWhenTheFilesDiskIsFull() throws Exception {
    var mounted = SmallDisk.mount(DISK_MEBIBYTES);
    assumeTrue(
        mounted.isPresent(),
        "no disk can be filled up: nobody may mount a small one here (expected: root, or sudo"
            + " without a password)");
    try (var disk = mounted.orElseThrow();
        var models = new ListedModels()) {
      var home = Files.createDirectory(disk.folder().resolve("home"));
      ServerProcess.disarm(home);
      var journey = new Journey(home, models.baseUrl(), _ -> {});
      try (var server = start(home)) {
        journey.begin(server);
        renameUntilItIsRefused(server, journey, disk);
        disk.empty();
        server.kill();
      }
      try (var server = start(home)) {
        assertThat(name(server, journey)).isIn(names);
        journey.settle(server);
        journey.finish(server);
      }
    }
  }

  private ServerProcess start(Path home) throws IOException {
    return ServerProcess.start(home, new HomeStorage.File());
  }

  private void renameUntilItIsRefused(ServerProcess server, Journey journey, SmallDisk disk)
      throws IOException {
    long limit = System.nanoTime() + FULL_LIMIT.toNanos();
    for (int refused = 0; refused < REFUSALS; ) {
      disk.fill();
      var why = rename(server, journey);
      if (why.isPresent()) {
        assertThat(why.get()).as(server.tail()).isIn(DOCUMENTED);
        refused++;
      }
      assertThat(System.nanoTime()).as("refused: " + refused).isLessThan(limit);
    }
  }

  /** Why it was refused; empty: it was acknowledged. */
  private Optional<Status.Code> rename(ServerProcess server, Journey journey) {
    var name = "n" + ++renames;
    var request =
        UpdateInstanceRequest.newBuilder().setInstanceId(journey.id()).setName(name).build();
    try {
      assertThat(instances(server, journey).updateInstance(request).getName()).isEqualTo(name);
      names.clear();
      return Optional.empty();
    } catch (StatusRuntimeException why) {
      return Optional.of(why.getStatus().getCode());
    } finally {
      names.add(name);
    }
  }

  private static String name(ServerProcess server, Journey journey) {
    return instances(server, journey)
        .getInstance(GetInstanceRequest.newBuilder().setInstanceId(journey.id()).build())
        .getName();
  }

  private static InstanceServiceBlockingStub instances(ServerProcess server, Journey journey) {
    return InstanceServiceGrpc.newBlockingStub(server.channel())
        .withCallCredentials(journey.credentials())
        .withDeadlineAfter(CALL_LIMIT.toSeconds(), TimeUnit.SECONDS);
  }
}
