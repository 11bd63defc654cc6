package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEngineContract;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TaskSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Runs the contract on a real Docker Engine with the real sandbox image and light commands. */
class DockerSandboxEngineIT extends SandboxEngineContract {
  private static final DockerTestEngine docker = new DockerTestEngine("it-engine");
  private static DockerSandboxEngine engine;

  @BeforeAll
  static void open() {
    docker.removeOrphans();
    engine = new DockerSandboxEngine(docker.settings());
  }

  @AfterAll
  static void close() {
    engine.removeIsolation();
    engine.close();
    docker.removeOrphans();
  }

  @Override
  protected SandboxEngine engine() {
    return engine;
  }

  @Override
  protected String snapshot() {
    return DockerTestEngine.SNAPSHOT;
  }

  @Override
  protected List<String> commandThatPrints(String text, int exitCode) {
    return List.of("sh", "-c", "echo \"$1\"; exit \"$2\"", "sh", text, "" + exitCode);
  }

  @Override
  protected List<String> commandThatHangs() {
    return List.of("sleep", "1000");
  }

  @Override
  protected List<String> commandThatServes() {
    return List.of("node", "-e", server("process.exit(0)"));
  }

  @Override
  protected List<String> commandThatIgnoresSigterm() {
    return List.of("node", "-e", server(""));
  }

  private static String server(String onSigterm) {
    return """
        for (let i = 1; i <= 5; i++) console.log(`line ${i}`);
        process.on('SIGTERM', () => { %s });
        require('http').createServer((request, response) => {
          const crash = decodeURIComponent(request.url).split('/');
          if (crash[1] === 'crash') { console.log(crash[3]); process.exit(+crash[2]); }
          console.log(`got ${request.url}`);
          response.end('ok');
        }).listen(18789);
        """
        .formatted(onSigterm);
  }

  @Test
  void unreadableFoldersAndHardLinksAreMeasuredCorrectly() {
    var sandbox = SandboxId.ofInstance(java.util.UUID.randomUUID().toString());
    var most = new HomeUsage(1L << 40, 1 << 20);
    engine().create(new SandboxSpec(sandbox, "org-1", DockerTestEngine.SNAPSHOT, 1, RESOURCES));
    try {
      // The engine fills a home from the snapshot at the first use.
      engine().homes().writeFiles(sandbox, FIRST, List.of(file("first", "")));
      var before = engine().homes().measure(sandbox, most).orElseThrow();
      var script =
          "mkdir c && dd if=/dev/zero of=c/f bs=1M count=3 && ln c/f c/g && ln c/f c/h && chmod 0 c";
      var task =
          new TaskSpec(
              DockerTestEngine.SNAPSHOT,
              "org-1",
              List.of("sh", "-c", "cd /home/node && " + script),
              List.of(),
              RESOURCES);
      assertThat(engine().tasks().run(sandbox, FIRST, task, Duration.ofSeconds(20)).exitCode())
          .isZero();
      var after = engine().homes().measure(sandbox, most).orElseThrow();
      assertThat(after.bytes() - before.bytes()).isBetween(3L << 20, (3L << 20) + (64 << 10));
      assertThat(after.files() - before.files()).isEqualTo(4);
    } finally {
      var _ = engine().remove(sandbox, Fence.NONE);
    }
  }

  /** Otherwise an agent fills the disk, and nothing shows it. */
  @Test
  void deletedFilesThatAreOpenAreMeasuredOnceAndNoFileIsLargerThanItsLimit() {
    var sandbox = SandboxId.ofInstance(java.util.UUID.randomUUID().toString());
    var most = new HomeUsage(1L << 40, 1 << 20);
    engine().create(new SandboxSpec(sandbox, "org-1", DockerTestEngine.SNAPSHOT, 1, RESOURCES));
    try {
      engine().homes().writeFiles(sandbox, FIRST, List.of(file("first", "")));
      var before = engine().homes().measure(sandbox, most).orElseThrow();
      var script =
          "const fs = require('fs');"
              + "const open = ['/home/node/large (1)', '/tmp/memory'].map(name => {"
              + "  fs.writeFileSync(name, Buffer.alloc(5 << 20));"
              + "  const fd = fs.openSync(name); fs.openSync(name); fs.unlinkSync(name); return fd;"
              + "});"
              + "require('child_process').spawn('sleep', ['999'], { stdio: [open[0]] });"
              + "require('http').createServer((q, s) => s.end('ok')).listen(18789)";
      var process =
          new ProcessSpec(
              DockerTestEngine.SNAPSHOT,
              "org-1",
              List.of("node", "-e", script),
              Map.of(),
              18789,
              RESOURCES);
      var _ = engine().start(sandbox, FIRST, process);
      Await.until(() -> growth(sandbox, most, before) >= 5 << 20);
      assertThat(growth(sandbox, most, before)).isLessThan((5 << 20) + (64 << 10));
      var _ = engine().freeze(sandbox, 1);
      assertThat(growth(sandbox, most, before)).as("while frozen").isGreaterThanOrEqualTo(5 << 20);
      var _ = engine().thaw(sandbox, FIRST, 1, process);
      var blocks = List.of("sh", "-c", "ulimit -f");
      assertThat(engine().tasks().exec(sandbox, blocks, Duration.ofSeconds(20)).output().strip())
          .isEqualTo(Long.toString((10L << 30) / 512));
    } finally {
      var _ = engine().remove(sandbox, Fence.NONE);
    }
  }

  @Test
  void theFreeSpaceOfTheEnginesDiskIsRead() throws IOException {
    var folder = Path.of(docker.client().infoCmd().exec().getDockerRootDir());
    var disk = Files.getFileStore(folder);
    assertThat(engine().host().freeDiskBytes().orElseThrow())
        .isBetween(disk.getUsableSpace() / 2, disk.getTotalSpace());
  }

  private long growth(SandboxId sandbox, HomeUsage most, HomeUsage before) {
    return engine().homes().measure(sandbox, most).orElseThrow().bytes() - before.bytes();
  }

  /** An operator's copy has the labels of the volume, and must not hide the loss of the volume. */
  @Test
  void aCopyOfAHomeUnderAnotherNameIsNotAHome() {
    create();
    var labels = docker.client().inspectVolumeCmd(id.value()).exec().getLabels();
    var copy = docker.client().createVolumeCmd().withName("copy-of-" + id).withLabels(labels);
    assertThat(copy.exec().getName()).isEqualTo("copy-of-" + id);
    assertThat(engine().list()).anyMatch(observed -> observed.id().equals(id));

    assertThat(engine().remove(id, Fence.NONE)).isTrue();
    assertThat(engine().list()).noneMatch(observed -> observed.id().equals(id));
    docker.client().removeVolumeCmd("copy-of-" + id).exec();
  }

  @Override
  protected List<String> commandThatNeedsTooMuchMemory() {
    return List.of("node", "-e", "const kept = []; for (;;) kept.push(Buffer.alloc(16 << 20, 1));");
  }

  @Override
  protected void killProcess(SandboxId sandbox) {
    docker.client().killContainerCmd(sandbox + "-gateway").withSignal("KILL").exec();
  }

  @Override
  protected void crashProcess(
      SandboxEndpoint endpoint, SandboxId sandbox, int exitCode, String lastLine) {
    assertThatThrownBy(
            () -> get(endpoint, "/crash/" + exitCode + "/" + lastLine.replace(" ", "%20")))
        .isInstanceOf(IOException.class);
  }

  @Override
  protected void freezeProcess(SandboxId sandbox) {
    docker.client().pauseContainerCmd(sandbox + "-gateway").exec();
  }

  @Override
  protected void removeProcess(SandboxId sandbox) {
    docker.client().removeContainerCmd(sandbox + "-gateway").withForce(true).exec();
  }

  @Override
  protected void awaitTaskRunning() {
    Await.until(
        () ->
            docker.containers().stream()
                .anyMatch(
                    container ->
                        List.of(container.getNames()).contains("/" + id + "-task")
                            && "running".equals(container.getState())));
  }

  @Override
  protected SandboxEngine unreachable() {
    return new DockerSandboxEngine(docker.settingsWithHost("unix:///nonexistent/docker.sock"));
  }

  @Test
  void aFrozenProcessUsesNoCpu() throws Exception {
    create();
    start(1, List.of("node", "-e", "for (;;);"));
    long started = docker.cpuNanos(id + "-gateway");
    Await.until(() -> docker.cpuNanos(id + "-gateway") > started);
    engine.freeze(id, 1);
    long frozen = docker.cpuNanos(id + "-gateway");
    Thread.sleep(1000);
    assertThat(docker.cpuNanos(id + "-gateway")).isEqualTo(frozen);
    assertThat(thaw(2, 1, List.of("node", "-e", "for (;;);"))).isPresent();
    Await.until(() -> docker.cpuNanos(id + "-gateway") > frozen);
  }

  @Test
  void aContainerHasLowWeights() {
    create();
    start(1, commandThatServes());
    var host = docker.client().inspectContainerCmd(id + "-gateway").exec().getHostConfig();
    assertThat(host.getCpuShares()).isEqualTo(ContainerWeights.CPU_SHARES);
    // The engine drops a weight that its kernel does not support.
    assertThat(host.getBlkioWeight()).isIn(null, 0, ContainerWeights.IO_WEIGHT);
  }

  @Test
  void aNetworkThatWasRemovedIsCreatedAgain() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    engine.stop(id, 1, Duration.ofSeconds(5));
    docker.client().removeNetworkCmd("chowder-it-engine").exec();
    awaitAnswer(start(1, commandThatServes()));
    engine.removeProcesses(id, 1);
    docker.client().removeNetworkCmd("chowder-it-engine").exec();
    awaitAnswer(start(2, commandThatServes()));
  }

  @Test
  void aFullHomeIsReportedByEveryWriteAndInTheLogOfTheProcessThatFillsIt() {
    docker
        .client()
        .createVolumeCmd()
        .withName(id.value())
        .withLabels(
            Map.of(
                DockerLabels.CLUSTER, docker.clusterId(),
                DockerLabels.INSTANCE, id.instanceId(),
                DockerLabels.ORGANIZATION, ORGANIZATION,
                DockerLabels.GENERATION, "1",
                DockerLabels.SNAPSHOT, snapshot()))
        .withDriverOpts(
            Map.of("type", "tmpfs", "device", "tmpfs", "o", "size=2m,uid=1000,gid=1000"))
        .exec();
    create();
    awaitAnswer(start(1, commandThatServes()));
    var tooMuch = new SandboxFile("big", ByteString.copyFrom(new byte[4 << 20]), 0600);
    assertReason(Reason.NO_SPACE, () -> engine.homes().writeFiles(id, FIRST, List.of(tooMuch)));
    engine.stop(id, 1, Duration.ofSeconds(5));
    assertReason(Reason.NO_SPACE, () -> engine.homes().writeFiles(id, FIRST, List.of(tooMuch)));

    start(
        2,
        List.of(
            "node",
            "-e",
            "setTimeout(() => require('fs').writeFileSync('/home/node/log', Buffer.alloc(4 << 20)),"
                + " 500)"));
    awaitEnd();
    assertThat(engine.observe(id).mainProcess()).isEqualTo(new MainProcess.Ended(2, 1, false));
    assertThat(String.join(" ", logLines(20))).contains("ENOSPC");
  }

  @Test
  void eventsArriveAlthoughTheStreamIsReopenedConstantly() throws Exception {
    create();
    awaitAnswer(start(1, commandThatServes()));
    var events = new LinkedBlockingQueue<SandboxEvent>();
    try (var renewing =
            new DockerSandboxEngine(docker.settings(Map.of("events-renew-interval", "1ms")));
        var _ = renewing.watch(events::add)) {
      killProcess(id);
      SandboxEvent event;
      do {
        event = events.poll(30, TimeUnit.SECONDS);
        assertThat(event).as("an event in time").isNotNull();
      } while (!event.id().equals(id));
    }
  }

  @Test
  void aContainerThatWasNeverStartedIsNotAProcess() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    engine.stop(id, 1, Duration.ofSeconds(5));
    var previous = docker.client().inspectContainerCmd(id + "-gateway").exec();
    docker.client().removeContainerCmd(previous.getId()).exec();
    // Leaves the state of a crash between the engine's two calls.
    docker
        .client()
        .createContainerCmd(snapshot())
        .withName(id + "-gateway")
        .withLabels(previous.getConfig().getLabels())
        .exec();
    assertThat(engine.observe(id).mainProcess()).isEqualTo(new MainProcess.Missing());
  }
}
