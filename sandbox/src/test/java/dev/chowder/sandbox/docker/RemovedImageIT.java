package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A home whose image was removed from the engine, as after an upgrade and a prune. */
@Timeout(120)
class RemovedImageIT {
  private static final String ORGANIZATION = "org-1";
  private static final String REPOSITORY = "chowder/it-removed";
  private static final String OLD = REPOSITORY + ":old";
  private static final ByteString CONTENT = ByteString.copyFromUtf8("{}");
  private final DockerTestEngine docker = new DockerTestEngine("it-removed");
  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());
  private DockerSandboxEngine engine;

  @BeforeEach
  void createHomeAndRemoveItsImage() {
    docker.removeOrphans();
    engine = new DockerSandboxEngine(docker.settings());
    docker.client().tagImageCmd(DockerTestEngine.SNAPSHOT, REPOSITORY, "old").exec();
    engine.create(new SandboxSpec(id, ORGANIZATION, OLD, 0, RESOURCES));
    engine
        .homes()
        .writeFiles(id, Fence.NONE, List.of(new SandboxFile(".openclaw/kept.json", CONTENT, 0600)));
    // A stopped agent has no container after its processes were removed.
    engine.removeProcesses(id, 1);
    docker.client().removeImageCmd(OLD).exec();
  }

  @AfterEach
  void close() {
    var _ = engine.remove(id, Fence.NONE);
    engine.removeIsolation();
    engine.close();
    docker.removeOrphans();
  }

  @Test
  void theHomeIsMeasured() {
    var most = new HomeUsage(1L << 30, 100_000);
    assertThat(engine.homes().measure(id, most).orElseThrow().files()).isPositive();
  }

  @Test
  void filesAreReadAndWrittenAndTheAgentRestarts() {
    assertThat(engine.homes().readFile(id, ".openclaw/kept.json", 100)).contains(CONTENT);
    engine.homes().writeFiles(id, Fence.NONE, List.of(new SandboxFile("new.json", CONTENT, 0600)));
    engine.removeProcesses(id, 1);

    var names =
        engine
            .homes()
            .folder(id, FilePath.parse(".openclaw"))
            .list(FilePath.ROOT, "", 10, 100)
            .entries();
    assertThat(names).anySatisfy(entry -> assertThat(entry.toString()).contains("kept.json"));

    var endpoint = engine.start(id, Fence.ofAttempt(2), DockerTestEngine.answering(ORGANIZATION));
    docker.awaitAnswer(endpoint);
  }

  @Test
  void aContainerStartsAgainAlthoughItsImageHasNoName() {
    docker.client().tagImageCmd(DockerTestEngine.SNAPSHOT, REPOSITORY, "old").exec();
    var answering = DockerTestEngine.answering(ORGANIZATION);
    var process =
        new ProcessSpec(
            OLD,
            ORGANIZATION,
            answering.command(),
            answering.environment(),
            answering.port(),
            answering.resources());
    docker.awaitAnswer(engine.start(id, Fence.ofAttempt(1), process));
    var _ = engine.stop(id, 1, Duration.ZERO);
    docker.client().removeImageCmd(OLD).exec();
    engine.close();
    // It has no knowledge of the image.
    engine = new DockerSandboxEngine(docker.settings());
    docker.awaitAnswer(engine.start(id, Fence.ofAttempt(1), process));
  }
}
