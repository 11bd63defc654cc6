package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.DeleteFileRequest;
import dev.chowder.api.v1.FileEntry;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListFilesRequest;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.server.error.Rejection;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests an agent whose home volume exceeds its limit, on a node with a simulated host. */
@Timeout(120)
class DiskFullTest {
  private static final String LARGE = "x".repeat(700_000);

  @Test
  void anAgentOverItsDiskLimitIsStoppedAndItsFilesCanBeReadAndDeleted(@TempDir Path home)
      throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.disk.max-home-volume-size", "1 MiB", "chowder.disk.interval", "200ms");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("crab");
      var large = node.createRunning(key);
      var small = node.createRunning(key);
      put(node, key, small, "a");
      put(node, key, large, "a");
      agentWrites(node, large, ".openclaw/workspace/b");

      var stopped = node.awaitStatus(key, large, Instance.Status.error);
      assertThat(stopped.getErrorReason()).isEqualTo("DISK_FULL");
      assertThat(stopped.getErrorMessage()).contains("1048576");
      var read = GetFileContentRequest.newBuilder().setInstanceId(large).setPath("a").build();
      assertThat(node.files(key).getFileContent(read).getContent()).isEqualTo(LARGE);
      for (var path : new String[] {"a", "b"}) {
        var _ =
            node.files(key)
                .deleteFile(
                    DeleteFileRequest.newBuilder().setInstanceId(large).setPath(path).build());
      }
      var _ =
          node.instances(key)
              .recoverInstance(
                  RecoverInstanceRequest.newBuilder().setInstanceId(large).setWait(30).build());
      node.awaitStatus(key, large, Instance.Status.running);
      assertThat(node.get(key, small).getStatus()).isEqualTo(Instance.Status.running);
    }
  }

  /** An agent writes anywhere in its home, so its caller must be able to make space there. */
  @Test
  void filesOutsideTheWorkspaceCanBeListedAndDeletedOnlyAfterDiskFull(@TempDir Path home)
      throws IOException {
    var settings =
        Map.<String, Object>of(
            "chowder.disk.max-home-volume-size", "1 MiB", "chowder.disk.interval", "200ms");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("crab");
      var id = node.createRunning(key);
      var list = ListFilesRequest.newBuilder().setInstanceId(id).setHome(true).build();
      var delete =
          DeleteFileRequest.newBuilder().setInstanceId(id).setPath("big/b").setHome(true).build();
      Rejection.of(() -> node.files(key).listFiles(list)).hasReason(Reason.WRONG_STATE);
      Rejection.of(() -> node.files(key).deleteFile(delete)).hasReason(Reason.WRONG_STATE);
      agentWrites(node, id, "big/a");
      agentWrites(node, id, "big/b");

      node.awaitStatus(key, id, Instance.Status.error);
      assertThat(node.files(key).listFiles(list).getEntriesList())
          .extracting(FileEntry::getPath)
          .contains("big", ".openclaw");
      var _ = node.files(key).deleteFile(delete);
      var inside = list.toBuilder().setPath("big").build();
      assertThat(node.files(key).listFiles(inside).getEntriesList())
          .extracting(FileEntry::getPath)
          .containsExactly("big/a");
      var _ =
          node.instances(key)
              .recoverInstance(
                  RecoverInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
      node.awaitStatus(key, id, Instance.Status.running);
    }
  }

  /** Otherwise a caller fills the disk with the files of a stopped agent, which is not measured. */
  @Test
  void aWriteBeyondTheLimitOfTheHomeIsRejectedBeforeItIsWritten(@TempDir Path home)
      throws IOException {
    var settings = Map.<String, Object>of("chowder.disk.max-home-volume-size", "1 MiB");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("crab");
      var id = node.createRunning(key);
      put(node, key, id, "a");
      Rejection.of(() -> put(node, key, id, "b")).hasReason(Reason.NO_SPACE);
      var read = GetFileContentRequest.newBuilder().setInstanceId(id).setPath("b").build();
      Rejection.of(() -> node.files(key).getFileContent(read)).hasReason(Reason.FILE_NOT_FOUND);
      var delete = DeleteFileRequest.newBuilder().setInstanceId(id).setPath("a").build();
      var _ = node.files(key).deleteFile(delete);
      put(node, key, id, "b");
    }
  }

  /** The database is on the same disk, so an agent that fills it is stopped before its limit. */
  @Test
  void ofAgentsOnAnAlmostFullDiskTheOneThatGrewMostIsStoppedAndCreatesAreRejected(
      @TempDir Path home) throws IOException {
    long needed = 4 << 20;
    var settings =
        Map.<String, Object>of(
            "chowder.disk.min-free-space", needed + " B", "chowder.disk.guard-interval", "100ms");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("crab");
      var large = node.createRunning(key);
      var small = node.createRunning(key);
      put(node, key, large, "a");
      node.host().host().freeDiskBytes(needed - LARGE.length() / 2);

      var stopped = node.awaitStatus(key, large, Instance.Status.error);
      assertThat(stopped.getErrorReason()).isEqualTo("DISK_FULL");
      Node.await(() -> node.calls(Verb.FREEZE) > 0 ? "" : "not frozen");
      assertThat(node.script().calls())
          .filteredOn(call -> call.verb() == Verb.FREEZE)
          .extracting(call -> call.id().orElseThrow())
          .containsOnly(Node.sandbox(large));
      assertThat(node.get(key, small).getStatus()).isEqualTo(Instance.Status.running);
      Rejection.of(() -> node.create(key)).hasReason(Reason.NO_CAPACITY);
      node.host().host().freeDiskBytes(needed);
      Node.await(() -> canCreate(node, key) ? "" : "creates are still rejected");
    }
  }

  /** An agent must not escape its limit because a walk through its files never ends. */
  @Test
  void aHomeThatCannotBeMeasuredThreeTimesIsOverItsLimitWhileOthersCanBeMeasured(@TempDir Path home)
      throws IOException {
    var settings = Map.<String, Object>of("chowder.disk.interval", "100ms");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("crab");
      var one = node.createRunning(key);
      node.host().host().cannotMeasure(Node.sandbox(one));
      Node.await(() -> node.host().host().lateWalks() > 5 ? "" : "too few walks");
      assertThat(node.get(key, one).getStatus()).as("alone").isEqualTo(Instance.Status.running);

      var other = node.createRunning(key);
      var stopped = node.awaitStatus(key, one, Instance.Status.error);
      assertThat(stopped.getErrorReason()).isEqualTo("DISK_FULL");
      assertThat(node.get(key, other).getStatus()).isEqualTo(Instance.Status.running);
    }
  }

  private static boolean canCreate(Node node, String key) {
    try {
      var _ = node.create(key);
      return true;
    } catch (StatusRuntimeException full) {
      return false;
    }
  }

  private static void agentWrites(Node node, String id, String path) {
    var file = new SandboxFile(path, ByteString.copyFromUtf8(LARGE), 0600);
    node.host().homes().writeFiles(Node.sandbox(id), new Fence(1, 1), List.of(file));
  }

  private static void put(Node node, String key, String id, String path) {
    var _ =
        node.files(key)
            .putFileContent(
                PutFileContentRequest.newBuilder()
                    .setInstanceId(id)
                    .setPath(path)
                    .setContent(LARGE)
                    .build());
  }
}
