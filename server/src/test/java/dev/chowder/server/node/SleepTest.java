package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.DeleteSkillRequest;
import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.ExportFilesRequest;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.ImportFilesRequest;
import dev.chowder.api.v1.ImportFilesResponse;
import dev.chowder.api.v1.InstallSkillRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stopped instances sleep with frozen processes, on the simulator. */
class SleepTest {
  /** Passes of the reconciler that take longer than the start of an export. */
  private static final int PASSES = 5;

  @TempDir static Path home;
  private static Node node;
  private static String key;

  @BeforeAll
  static void start() throws IOException {
    node =
        Node.start(
            home,
            // CheckAfterStartTest has the other starts.
            Map.of(
                "chowder.reconciler.interval",
                "200ms",
                "chowder.effect.sleep.check-first-age",
                "0s"));
    key = node.newcomer("whale");
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void aStopFreezesTheGatewayAndAStartThawsIt() {
    var id = node.createRunning(key);
    var stopped = stop(id);
    assertThat(stopped.getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
    assertThat(stopped.getMemoryBytes()).isPositive();
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Paused.class);
    for (int time = 1; time <= 3; time++) {
      var running = start(id);
      assertThat(running.getServedBy()).isEqualTo(Instance.ServedBy.thaw);
      assertThat(running.hasSleepLevel()).isFalse();
      assertThat(mainProcess(id)).isInstanceOf(MainProcess.Up.class);
      var _ = stop(id);
    }
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
  }

  @Test
  void aGatewayThatCannotBeFrozenEndsCleanly() {
    var id = node.createRunning(key);
    node.script().failNext(Verb.FREEZE, 100, Reason.REFUSED, "docker: unable to freeze");
    try {
      var stopped = stop(id);
      assertThat(stopped.getStatus()).isEqualTo(Instance.Status.stopped);
      assertThat(stopped.getSleepLevel()).isEqualTo(Instance.SleepLevel.off);
    } finally {
      node.script().heal();
    }
    assertThat(mainProcess(id))
        .isInstanceOfSatisfying(
            MainProcess.Ended.class, ended -> assertThat(ended.exitCode()).isZero());
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  @Test
  void aPassOfTheReconcilerLeavesSleepersAndThawedGatewaysAlone() {
    var asleep = node.createRunning(key);
    var revision = stop(asleep).getRevision();
    var awake = node.createRunning(key);
    var _ = stop(awake);
    var awakeRevision = start(awake).getRevision();
    long before = lists();
    Node.await(() -> lists() > before + 3 ? "" : "no pass");
    assertThat(node.get(key, asleep).getRevision()).isEqualTo(revision);
    assertThat(node.get(key, awake).getRevision()).isEqualTo(awakeRevision);
  }

  @Test
  void aRestartIsACleanBoot() {
    var id = node.createRunning(key);
    var _ = stop(id);
    var _ = start(id);
    var _ =
        node.instances(key)
            .restartInstance(RestartInstanceRequest.newBuilder().setInstanceId(id).build());
    var running = node.awaitStatus(key, id, Instance.Status.running);
    assertThat(running.getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  @Test
  void aThawedGatewayThatCannotUseItsDatabasesIsBooted() {
    var id = node.createRunning(key);
    var _ = stop(id);
    node.script().withDatabasesLostByThaw(0);
    try {
      assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
    } finally {
      node.script().heal();
    }
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Up.class);
    // The process that the start booted sleeps and wakes as any other.
    var _ = stop(id);
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.thaw);
  }

  @Test
  void aFileIsWrittenOnlyAfterTheFrozenGatewayHasEnded() {
    var id = node.createRunning(key);
    var _ = stop(id);
    node.putFile(key, id, "note.txt", "written while asleep");
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.off);
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
    assertThat(
            node.files(key)
                .getFileContent(
                    GetFileContentRequest.newBuilder()
                        .setInstanceId(id)
                        .setPath("note.txt")
                        .build())
                .getContent())
        .isEqualTo("written while asleep");
  }

  @Test
  void anImportEndsTheFrozenGateway() throws Exception {
    var id = node.createRunning(key);
    var _ = stop(id);
    assertThat(importFile(id, "note.txt")).isEqualTo(1);
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.off);
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  /** Imports an empty file, and returns the number of imported files. */
  private static long importFile(String id, String name) throws Exception {
    var tar = new ByteArrayOutputStream();
    try (var archive = new TarArchiveOutputStream(tar)) {
      archive.putArchiveEntry(new TarArchiveEntry(name));
      archive.closeArchiveEntry();
    }
    var body =
        HttpBody.newBuilder()
            .setContentType("application/x-tar")
            .setData(ByteString.copyFrom(tar.toByteArray()));
    var answer = new CompletableFuture<ImportFilesResponse>();
    var parts =
        node.uploads(key)
            .importFiles(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ImportFilesResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable why) {
                    answer.completeExceptionally(why);
                  }

                  @Override
                  public void onCompleted() {}
                });
    parts.onNext(ImportFilesRequest.newBuilder().setInstanceId(id).setBody(body).build());
    parts.onCompleted();
    return answer.get(20, TimeUnit.SECONDS).getFileCount();
  }

  @Test
  void aStopDuringAnUploadLeavesNoFrozenGateway() throws Exception {
    var id = node.createRunning(key);
    var upload = Upload.begin(node, key, id);
    assertThat(stop(id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
    upload.finish();
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  @Test
  void anUploadThatEndsDuringAStopLeavesNoFrozenGateway() throws Exception {
    var id = node.createRunning(key);
    var upload = Upload.begin(node, key, id);
    var freeze = node.script().holdNext(Verb.FREEZE);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var stopped = callers.submit(() -> stop(id));
      assertThat(freeze.awaitCall(Node.LIMIT)).isTrue();
      upload.finish();
      freeze.release();
      assertThat(stopped.get().getSleepLevel()).isEqualTo(Instance.SleepLevel.off);
    }
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
  }

  @Test
  void anExportDuringAStopWaitsUntilTheGatewayHasEnded() throws Exception {
    var id = node.createRunning(key);
    var freeze = node.script().holdNext(Verb.FREEZE);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var stopped = callers.submit(() -> stop(id));
      assertThat(freeze.awaitCall(Node.LIMIT)).isTrue();
      int revision = node.get(key, id).getRevision();
      long opened = node.calls(Verb.FILES);
      var exported = callers.submit(() -> export(id));
      Node.await(() -> node.get(key, id).getRevision() > revision ? "" : "not begun");
      long lists = node.calls(Verb.LIST) + PASSES;
      Node.await(() -> node.calls(Verb.LIST) >= lists ? "" : "no pass");
      assertThat(node.calls(Verb.FILES)).isEqualTo(opened);
      freeze.release();
      assertThat(exported.get()).isTrue();
      assertThat(stopped.get().getSleepLevel()).isEqualTo(Instance.SleepLevel.off);
    }
  }

  /** Its databases may lack what the frozen gateway has in memory. */
  @Test
  void anExportOfASleeperWaitsUntilTheGatewayHasEnded() throws Exception {
    var id = node.createRunning(key);
    var _ = stop(id);
    var end = node.script().holdNext(Verb.STOP);
    long opened = node.calls(Verb.FILES);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var exported = callers.submit(() -> export(id));
      assertThat(end.awaitCall(Node.LIMIT)).isTrue();
      long lists = node.calls(Verb.LIST) + PASSES;
      Node.await(() -> node.calls(Verb.LIST) >= lists ? "" : "no pass");
      assertThat(node.calls(Verb.FILES)).isEqualTo(opened);
      end.release();
      assertThat(exported.get()).isTrue();
    }
    assertThat(mainProcess(id)).isInstanceOf(MainProcess.Ended.class);
  }

  @Test
  void aStopDuringTheRemovalOfASkillLeavesNoFrozenGateway() throws Exception {
    var id = node.createRunning(key);
    var skills = node.skills(key);
    var install = InstallSkillRequest.newBuilder().setInstanceId(id).setSlug("web-search");
    var name = skills.installSkill(install.build()).getSkill();
    var delete = DeleteSkillRequest.newBuilder().setInstanceId(id).setSkillName(name).build();
    var removal = node.script().holdNext(Verb.FILES);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var deleted = callers.submit(() -> skills.deleteSkill(delete));
      assertThat(removal.awaitCall(Node.LIMIT)).isTrue();
      assertThat(stop(id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
      removal.release();
      // The gateway cannot confirm the removal.
      assertThatThrownBy(deleted::get).hasMessageContaining("FAILED_PRECONDITION");
    }
    // The call does not wait for the end.
    Node.await(
        () -> mainProcess(id) instanceof MainProcess.Ended ? "" : mainProcess(id).toString());
  }

  @Test
  void readingAFileKeepsTheGatewayFrozen() {
    var id = node.createRunning(key);
    node.putFile(key, id, "a.txt", "awake");
    var _ = stop(id);
    assertThat(
            node.files(key)
                .getFileContent(
                    GetFileContentRequest.newBuilder().setInstanceId(id).setPath("a.txt").build())
                .getContent())
        .isEqualTo("awake");
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.frozen);
  }

  @Test
  void aTokenRotationEndsTheFrozenGateway() {
    var id = node.createRunning(key);
    var _ = stop(id);
    var _ =
        node.instances(key)
            .rotateGatewayToken(RotateGatewayTokenRequest.newBuilder().setInstanceId(id).build());
    assertThat(node.get(key, id).getSleepLevel()).isEqualTo(Instance.SleepLevel.off);
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  @Test
  void aChangedConfigurationIsAppliedBeforeTheInstanceRuns() {
    var id = node.createRunning(key);
    var _ = stop(id);
    var _ =
        node.instances(key)
            .updateInstance(
                UpdateInstanceRequest.newBuilder()
                    .setInstanceId(id)
                    .setOpenclawConfig(
                        Struct.newBuilder()
                            .putFields(
                                "messages",
                                Value.newBuilder()
                                    .setStructValue(
                                        Struct.newBuilder()
                                            .putFields(
                                                "ackReaction",
                                                Value.newBuilder().setStringValue("eyes").build()))
                                    .build()))
                    .build());
    var running = start(id);
    assertThat(running.getServedBy()).isEqualTo(Instance.ServedBy.thaw);
    assertThat(types(id)).startsWith("stage_finished");
    assertThat(node.host().homes().readFile(Node.sandbox(id), ".openclaw/openclaw.json", 1 << 20))
        .hasValueSatisfying(file -> assertThat(file.toStringUtf8()).contains("eyes"));
    // The start applied it, so that nothing is left for the running gateway.
    assertThat(running.hasStage()).isFalse();
  }

  @Test
  void aSleeperWhoseContainerIsLostStartsByABoot() {
    var id = node.createRunning(key);
    var _ = stop(id);
    node.host().removeContainers(Node.sandbox(id));
    Node.await(
        () -> node.get(key, id).getSleepLevel() == Instance.SleepLevel.off ? "" : "still recorded");
    assertThat(node.get(key, id).getStatus()).isEqualTo(Instance.Status.stopped);
    assertThat(start(id).getServedBy()).isEqualTo(Instance.ServedBy.boot);
  }

  private static long lists() {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.LIST).count();
  }

  /** Returns whether an export has content. */
  private static boolean export(String id) {
    return node.files(key)
        .exportFiles(ExportFilesRequest.newBuilder().setInstanceId(id).build())
        .hasNext();
  }

  private static Instance stop(String id) {
    return node.instances(key)
        .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private static Instance start(String id) {
    var _ =
        node.instances(key)
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).build());
    return node.awaitStatus(key, id, Instance.Status.running);
  }

  private static MainProcess mainProcess(String id) {
    return node.host().observe(Node.sandbox(id)).mainProcess();
  }

  private static List<String> types(String id) {
    return node
        .instances(key)
        .listInstanceEvents(ListInstanceEventsRequest.newBuilder().setInstanceId(id).build())
        .getEventsList()
        .stream()
        .map(Event::getType)
        .toList();
  }
}
