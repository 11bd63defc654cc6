package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TaskSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node is paused after it compared labels, while its next request is on the way to the real
 * engine. Meanwhile another node gives the instance a second home. Then the request arrives.
 */
@Timeout(120)
class PausedNodeIT {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Fence FIRST = new Fence(1, 1);
  private static final Fence SECOND = new Fence(2, 2);
  private static final String ORGANIZATION = "org-1";
  private static final DockerTestEngine docker = new DockerTestEngine("it-paused");

  private static DockerSandboxEngine other;

  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HeldEngine proxy;
  private DockerSandboxEngine paused;

  @BeforeAll
  static void open() {
    docker.removeOrphans();
    other = new DockerSandboxEngine(docker.settings());
  }

  @AfterAll
  static void close() {
    other.removeIsolation();
    other.close();
    docker.removeOrphans();
  }

  @BeforeEach
  void createHomeOfTheFirstAttempt(@TempDir Path directory) throws IOException {
    proxy = new HeldEngine(directory.resolve("docker.sock"), docker.dockerHost());
    paused = new DockerSandboxEngine(docker.settingsWithHost(proxy.host()));
    create(1);
  }

  @AfterEach
  void remove() throws IOException {
    paused.close();
    proxy.close();
    threads.close();
    var _ = other.remove(id, Fence.NONE);
  }

  @Test
  void aLateRemovalKeepsTheNewHomeWhileAnAgentRunsThere() throws Exception {
    var held = proxy.hold("DELETE /.*volumes/" + id);
    Future<Boolean> late = late(held, () -> paused.remove(id, FIRST));
    secondHome();
    SandboxEndpoint endpoint = startInSecondHome();

    held.release();
    assertThat(late.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isFalse();
    assertThat(other.observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(2), new MainProcess.Up(2, endpoint)));
    assertThat(memory()).hasValue("kept");
  }

  @Test
  void aLateRemovalKeepsTheNewHomeWhileTheAgentIsStopped() throws Exception {
    var held = proxy.hold("DELETE /.*volumes/" + id);
    Future<Boolean> late = late(held, () -> paused.remove(id, FIRST));
    secondHome();
    var _ = startInSecondHome();
    var _ = other.stop(id, 2, Duration.ofSeconds(5));

    held.release();
    assertThat(late.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isFalse();
    assertThat(other.observe(id).home()).hasValue(2);
    assertThat(memory()).hasValue("kept");
  }

  @Test
  void aLateTaskDoesNotRunInTheNewHome() throws Exception {
    var held = proxy.hold("POST /.*containers/create");
    Future<?> late = late(held, this::run);
    var _ = other.remove(id, FIRST);
    create(2);

    held.release();
    assertFails(late, Reason.HOME_REPLACED);
    assertThat(docker.containers()).noneMatch(one -> one.getNames()[0].startsWith("/" + id));
    assertThat(other.observe(id).home()).hasValue(2);
  }

  /** The engine itself creates a missing volume if a container uses it. */
  @Test
  void aLateTaskDoesNotRunInAVolumeThatTheEngineCreated() throws Exception {
    var held = proxy.hold("POST /.*containers/create");
    Future<?> late = late(held, this::run);
    assertThat(other.remove(id, FIRST)).isTrue();

    held.release();
    assertFails(late, Reason.NOT_FOUND);
    assertThat(other.observe(id)).isEqualTo(SandboxObservation.nothing(id));
    assertThat(docker.containers()).noneMatch(one -> one.getNames()[0].startsWith("/" + id));
  }

  @Test
  void lateFilesAreNotWrittenIntoTheNewHome() throws Exception {
    var held = proxy.hold("POST /.*containers/create");
    var file = new SandboxFile("memory", ByteString.copyFromUtf8("stale"), 0600);
    Future<?> late =
        late(
            held,
            () -> {
              paused.homes().writeFiles(id, FIRST, List.of(file));
              return "";
            });
    var _ = other.remove(id, FIRST);
    create(2);

    held.release();
    assertFails(late, Reason.HOME_REPLACED);
    assertThat(memory()).isEmpty();
  }

  /** Otherwise a caller's files would be acknowledged and lost. */
  @Test
  void lateCallsOnFilesDoNotUseAVolumeThatTheEngineCreated() throws Exception {
    var held = proxy.hold("POST /.*containers/create");
    Future<?> late =
        late(held, () -> paused.homes().folder(id, FilePath.ROOT).list(FilePath.ROOT, "", 10, 100));
    assertThat(other.remove(id, FIRST)).isTrue();

    held.release();
    assertFails(late, Reason.NOT_FOUND);
    assertThat(other.observe(id)).isEqualTo(SandboxObservation.nothing(id));
  }

  @Test
  void aLateMeasurementLeavesNoVolumeThatTheEngineCreated() throws Exception {
    other.removeProcesses(id, 1);
    var held = proxy.hold("POST /.*containers/create");
    Future<?> late = late(held, () -> paused.homes().measure(id, new HomeUsage(1L << 30, 1000)));
    assertThat(other.remove(id, FIRST)).isTrue();

    held.release();
    var _ = late.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(other.observe(id)).isEqualTo(SandboxObservation.nothing(id));
    assertThat(docker.root("docker", "volume", "ls", "-q")).doesNotContain(id.value());
  }

  private <T> Future<T> late(HeldEngine.Held held, Callable<T> call) throws InterruptedException {
    Future<T> late = threads.submit(call);
    assertThat(held.awaitRequest(LIMIT)).isTrue();
    return late;
  }

  private void secondHome() {
    assertThat(other.remove(id, FIRST)).isTrue();
    create(2);
    other
        .homes()
        .writeFiles(
            id, SECOND, List.of(new SandboxFile("memory", ByteString.copyFromUtf8("kept"), 0600)));
  }

  private void create(int generation) {
    other.create(
        new SandboxSpec(id, ORGANIZATION, DockerTestEngine.SNAPSHOT, generation, RESOURCES));
  }

  private SandboxEndpoint startInSecondHome() {
    return other.start(
        id,
        SECOND,
        new ProcessSpec(
            DockerTestEngine.SNAPSHOT,
            ORGANIZATION,
            List.of("sleep", "1000"),
            Map.of(),
            18789,
            RESOURCES));
  }

  private Object run() {
    var task =
        new TaskSpec(
            DockerTestEngine.SNAPSHOT,
            ORGANIZATION,
            List.of("touch", "touched"),
            List.of(),
            RESOURCES);
    return paused.tasks().run(id, FIRST, task, LIMIT);
  }

  private Optional<String> memory() {
    return other.homes().readFile(id, "memory", 100).map(ByteString::toStringUtf8);
  }

  private static void assertFails(Future<?> late, Reason reason) {
    assertThatThrownBy(() -> late.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            SandboxException.class,
            why -> assertThat(why.reason()).as(why.getMessage()).isEqualTo(reason));
  }
}
