package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
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
  private final DockerTestEngine engine = new DockerTestEngine("it-removed");
  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());
  private DockerSandboxEngine driver;

  @BeforeEach
  void createHomeAndRemoveItsImage() {
    engine.removeOrphans();
    driver = new DockerSandboxEngine(engine.settings());
    engine.docker().tagImageCmd(DockerTestEngine.SNAPSHOT, REPOSITORY, "old").exec();
    driver.create(new SandboxSpec(id, ORGANIZATION, OLD, 0, RESOURCES));
    driver
        .homes()
        .writeFiles(id, Fence.NONE, List.of(new SandboxFile(".openclaw/kept.json", CONTENT, 0600)));
    // A stopped agent has no container after its processes were removed.
    driver.removeProcesses(id, 1);
    engine.docker().removeImageCmd(OLD).exec();
  }

  @AfterEach
  void close() {
    var _ = driver.remove(id, Fence.NONE);
    driver.removeIsolation();
    driver.close();
    engine.removeOrphans();
  }

  @Test
  void theHomeIsMeasured() {
    var most = new HomeUsage(1L << 30, 100_000);
    assertThat(driver.homes().measure(id, most).orElseThrow().files()).isPositive();
  }

  @Test
  void filesAreReadAndWrittenAndTheAgentRestarts() {
    assertThat(driver.homes().readFile(id, ".openclaw/kept.json", 100)).contains(CONTENT);
    driver.homes().writeFiles(id, Fence.NONE, List.of(new SandboxFile("new.json", CONTENT, 0600)));
    driver.removeProcesses(id, 1);

    var names =
        driver
            .homes()
            .folder(id, FilePath.parse(".openclaw"))
            .list(FilePath.ROOT, "", 10, 100)
            .entries();
    assertThat(names).anySatisfy(entry -> assertThat(entry.toString()).contains("kept.json"));

    var endpoint = driver.start(id, Fence.ofAttempt(2), DockerTestEngine.answering(ORGANIZATION));
    engine.awaitAnswer(endpoint);
  }
}
