package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Moves the memory of real processes to the swap of this host. */
@Timeout(120)
class DockerPageOutIT {
  private static final long MIB = 1 << 20;
  private static final DockerTestEngine docker = new DockerTestEngine("it-pageout");
  private static final TestSwap swap = new TestSwap();
  private static DockerSandboxEngine engine;

  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());

  @BeforeAll
  static void open() {
    swap.open();
    docker.removeOrphans();
    engine = new DockerSandboxEngine(docker.settings());
  }

  @AfterAll
  static void close() {
    engine.removeIsolation();
    engine.close();
    docker.removeOrphans();
    swap.close();
  }

  @AfterEach
  void remove() {
    var _ = engine.remove(id, Fence.NONE);
  }

  @Test
  void aPagedOutProcessContinuesWithItsMemory() {
    var endpoint = start();
    var digest = digest(endpoint);
    engine.freeze(id, 1);
    var before = engine.memory(id).orElseThrow();
    assertThat(before.residentBytes()).isGreaterThan(64 * MIB);

    var after = engine.pageOut(id, 2);
    assertThat(after.residentBytes()).as("%s", after).isLessThan(before.residentBytes() / 3);
    assertThat(after.swappedBytes()).isGreaterThan(64 * MIB);
    assertThat(engine.memory(id)).hasValue(after);
    assertThat(engine.observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));

    assertThat(engine.thaw(id, new Fence(3, 1), 1, process())).hasValue(endpoint);
    if ("root".equals(System.getProperty("user.name"))) {
      awaitReadAhead(before.residentBytes());
    }
    assertThat(digest(endpoint)).isEqualTo(digest);
    assertThat(engine.stop(id, 3, Duration.ofSeconds(20)).exitCode()).isZero();
  }

  @Test
  void theKernelEndsASleepingProcessFirst() throws IOException {
    var endpoint = start();
    int awake = docker.settings().oomScoreAdjustment();
    var file = Path.of("/proc", pid(), "oom_score_adj");
    assertThat(file).hasContent(Integer.toString(awake));
    engine.freeze(id, 1);
    assertThat(file).hasContent(Integer.toString(OomPriority.SLEEPING));
    assertThat(engine.thaw(id, new Fence(2, 1), 1, process())).hasValue(endpoint);
    assertThat(file).hasContent(Integer.toString(awake));
  }

  private String pid() {
    var container = docker.client().inspectContainerCmd(id + "-gateway").exec();
    return String.valueOf(container.getState().getPidLong());
  }

  @Test
  void aPagedOutProcessIsStoppedCleanly() {
    start();
    engine.freeze(id, 1);
    engine.pageOut(id, 1);
    var stopped = engine.stop(id, 1, Duration.ofSeconds(20));
    assertThat(stopped.killed()).isFalse();
    assertThat(stopped.exitCode()).isZero();
  }

  @Test
  void anInterruptedPageOutLeavesAProcessThatContinues() throws InterruptedException {
    var endpoint = start();
    var digest = digest(endpoint);
    for (int round = 0; round < 6; round++) {
      engine.freeze(id, 1);
      var thrown = new AtomicReference<Throwable>();
      var pageOut =
          Thread.ofVirtual()
              .unstarted(
                  () -> {
                    try {
                      engine.pageOut(id, 1);
                    } catch (RuntimeException why) {
                      thrown.set(why);
                    }
                  });
      pageOut.start();
      // Each round interrupts another part of the call.
      pageOut.join(Duration.ofMillis(1 + 15L * round));
      pageOut.interrupt();
      pageOut.join();
      if (thrown.get() != null) {
        assertThat(thrown.get())
            .isInstanceOfSatisfying(
                SandboxException.class,
                why -> assertThat(why.reason()).isEqualTo(Reason.INTERRUPTED));
      }
      assertThat(engine.thaw(id, new Fence(2, 1), 1, process())).hasValue(endpoint);
      assertThat(digest(endpoint)).isEqualTo(digest);
    }
  }

  @Test
  void withoutSwapNothingIsMovedAndTheProcessContinues() {
    var endpoint = start();
    var digest = digest(endpoint);
    engine.freeze(id, 1);
    var settings = docker.settings();
    try (var api = new DockerApi(settings);
        var sleep =
            new DockerSleep(
                settings,
                new DockerContainers(
                    api, settings, new ContainerNames(), new SandboxUsers(api, settings)),
                new SandboxIsolation(
                    settings, new DockerNetwork(api, settings), new HostPorts(settings)),
                new DockerMemory(api, settings),
                () -> new HostCapacity(1 << 30, 1 << 30, MIB, 0, 0))) {
      assertThat(sleep.pageOut(id, 1))
          .satisfies(use -> assertThat(use.residentBytes()).isGreaterThan(64 * MIB))
          .extracting(MemoryUse::swappedBytes)
          .isEqualTo(0L);
    }
    assertThat(engine.thaw(id, new Fence(2, 1), 1, process())).hasValue(endpoint);
    assertThat(digest(endpoint)).isEqualTo(digest);
  }

  @Test
  void theStatisticsOfTheEngineAgreeWithTheKernel() {
    start();
    engine.freeze(id, 1);
    var settings = docker.settings();
    try (var api = new DockerApi(settings)) {
      var measured = new DockerMemory(api, settings).fromEngine(id + "-gateway");
      var kernel = engine.memory(id).orElseThrow();
      assertThat(measured.residentBytes())
          .isBetween(kernel.residentBytes() - 8 * MIB, kernel.residentBytes() + 8 * MIB);
    }
  }

  /** Waits until memory that the process has not used since its thaw is resident again. */
  private void awaitReadAhead(long bytes) {
    Await.until(
        Await.LIMIT,
        () -> engine.memory(id).orElseThrow().residentBytes() >= bytes - 16 * MIB,
        () -> engine.memory(id).toString());
  }

  private SandboxEndpoint start() {
    engine.create(new SandboxSpec(id, "org-1", DockerTestEngine.SNAPSHOT, 1, RESOURCES));
    var endpoint = engine.start(id, new Fence(1, 1), process());
    docker.awaitAnswer(endpoint);
    return endpoint;
  }

  /** Returns a process that keeps 72 MiB and returns their hash. */
  private static ProcessSpec process() {
    return new ProcessSpec(
        DockerTestEngine.SNAPSHOT,
        "org-1",
        List.of(
            "node",
            "-e",
            """
            const crypto = require('crypto');
            const part = crypto.randomBytes(1 << 20);
            const kept = Array.from({ length: 72 }, (_, i) => { part[0] = i; return Buffer.from(part); });
            process.on('SIGTERM', () => process.exit(0));
            require('http').createServer((request, response) => {
              if (request.url === '/') return response.end('ok');
              const hash = crypto.createHash('sha256');
              kept.forEach(bytes => hash.update(bytes));
              response.end(hash.digest('hex'));
            }).listen(18789);
            """),
        Map.of(),
        18789,
        RESOURCES);
  }

  private static String digest(SandboxEndpoint endpoint) {
    try {
      var connection = URI.create("http://" + endpoint + "/digest").toURL().openConnection();
      connection.setConnectTimeout(20_000);
      connection.setReadTimeout(60_000);
      try (var body = connection.getInputStream()) {
        return new String(body.readAllBytes(), StandardCharsets.US_ASCII);
      }
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }
}
