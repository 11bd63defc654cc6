package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TestResources;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests what sandboxes learn from the names of containers, and that every name is found. */
@Timeout(120)
class ContainerNamesIT {
  private static final ByteString KEY = ByteString.copyFrom(new byte[32]);
  private static final DockerTestEngine docker = new DockerTestEngine("it-names");
  private static final SandboxId ONE = id("one");
  private static final SandboxId TWO = id("two");

  private final AtomicBoolean allowed = new AtomicBoolean();
  private DockerSandboxEngine engine = newEngine(KEY);

  @BeforeEach
  void clear() {
    docker.removeOrphans();
    create(ONE);
    create(TWO);
  }

  @AfterEach
  void end() {
    engine.removeIsolation();
    engine.close();
    docker.removeOrphans();
  }

  @Test
  void aSandboxLearnsNoIdsFromTheNameServer() {
    start(ONE, 1);
    start(TWO, 1);
    assertThat(nameOf(ONE)).as("plain").contains(ONE.instanceId());
    allowed.set(true);
    start(ONE, 2);
    start(TWO, 2);
    assertThat(nameOf(ONE)).as("hashed").matches("sb-[0-9a-f]{32}-gateway\\..*");
    assertThat(docker.containers()).hasSize(2);
  }

  @Test
  void aContainerIsFoundAfterTheNamesChanged() {
    start(ONE, 1);
    allowed.set(true);
    requireRunning(engine, 1);
    engine.freeze(ONE, 1);
    assertThat(engine.observe(ONE).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    assertThat(engine.thaw(ONE, Fence.ofAttempt(2), 1, DockerTestEngine.answering("org")))
        .isPresent();
    start(ONE, 3);
    requireRunning(engine, 3);
    // A member of an older version joined.
    allowed.set(false);
    requireRunning(engine, 3);
    start(ONE, 4);
    requireRunning(engine, 4);
  }

  /** A restore of an older backup has no key, and a new one is created. */
  @Test
  void aContainerIsFoundWithAnotherKey() {
    allowed.set(true);
    start(ONE, 1);
    engine.close();
    engine = newEngine(ByteString.copyFrom(new byte[] {1}));
    requireRunning(engine, 1);
    start(ONE, 2);
    requireRunning(engine, 2);
    assertThat(engine.stop(ONE, 2, Duration.ZERO).wasRunning()).isTrue();
    assertThat(docker.containers()).hasSize(1);
  }

  private DockerSandboxEngine newEngine(ByteString key) {
    var created = new DockerSandboxEngine(docker.settings());
    created.separate(key, allowed::get);
    return created;
  }

  private static void requireRunning(DockerSandboxEngine engine, int attempt) {
    assertThat(engine.observe(ONE).mainProcess()).isInstanceOf(MainProcess.Up.class);
    assertThat(engine.list())
        .filteredOn(observed -> observed.id().equals(ONE))
        .extracting(SandboxObservation::attempt)
        .containsExactly(attempt);
    assertThat(docker.containers()).hasSize(1);
  }

  private static String nameOf(SandboxId other) {
    return docker
        .exec(
            containerOf(TWO),
            List.of(
                "node",
                "-e",
                "require('dns').promises.reverse(process.argv[1]).then(n => console.log(n.join(' ')))",
                docker.addressOf(containerOf(other))))
        .strip();
  }

  private static String containerOf(SandboxId id) {
    return docker.containers().stream()
        .filter(one -> id.instanceId().equals(one.getLabels().get(DockerLabels.INSTANCE)))
        .findFirst()
        .orElseThrow()
        .getId();
  }

  private static SandboxId id(String name) {
    return SandboxId.ofInstance(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)).toString());
  }

  private void create(SandboxId id) {
    engine.create(
        new SandboxSpec(id, "org", DockerTestEngine.SNAPSHOT, 0, TestResources.RESOURCES));
  }

  private void start(SandboxId id, int attempt) {
    var _ = engine.start(id, Fence.ofAttempt(attempt), DockerTestEngine.answering("org"));
  }
}
