package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.model.Capability;
import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeFolderContract;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxFile;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Runs the contract of files on a real Docker Engine, and attacks of a hostile process. */
class DockerHomeFolderIT extends HomeFolderContract {
  private static final DockerTestEngine docker = new DockerTestEngine("it-files");
  private static DockerSandboxEngine engine;

  @BeforeAll
  static void open() {
    docker.removeOrphans();
    engine =
        new DockerSandboxEngine(
            docker.settings(Map.of("files-idle-timeout", "3s", "files-stall-timeout", "20s")));
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
  protected String asTheAgent(String script) {
    // Makes sure that the container exists and stays long enough.
    engine.homes().folder(id, FilePath.ROOT).list(FilePath.ROOT, "", 1, Integer.MAX_VALUE);
    return docker.exec(
        id + "-files", Optional.of("1000:1000"), List.of("sh", "-c", "cd /home/node && " + script));
  }

  /** The agent replaces a folder by a link to the folder of its credentials, again and again. */
  @Test
  void anAgentThatReplacesAFolderByALinkCannotRedirectCalls() throws Exception {
    write("dir/note", "x");
    try (var agent = Executors.newVirtualThreadPerTaskExecutor()) {
      var swapping =
          agent.submit(
              () ->
                  asTheAgent(
                      "cd .agent/workspace && n=0; while [ ! -e ../stop ]; do { mv -T dir real;"
                          + " ln -sT .. dir; rm -rf dir; mv -T real dir; } 2>/dev/null;"
                          + " n=$((n+1)); done; echo $n"));
      try {
        var read = new TreeSet<String>();
        for (int n = 0; n < 15; n++) {
          read.add(outcome(() -> text("dir/credentials")));
          var another = "dir/credentials-" + n;
          read.add(outcome(() -> write(another, "x")));
          read.add(outcome(() -> files().delete(FilePath.parse("dir/credentials"), false)));
        }
        assertThat(read).isSubsetOf("LINK", "NOT_FOUND", "WRONG_KIND", "done");
        assertThat(outcome(() -> readTree(new HashMap<>()))).isEqualTo("done");
      } finally {
        engine
            .homes()
            .writeFiles(
                id, Fence.NONE, List.of(new SandboxFile(".agent/stop", ByteString.EMPTY, 0600)));
      }
      assertThat(Integer.parseInt(swapping.get(20, TimeUnit.SECONDS).strip())).isGreaterThan(50);
    }
    assertThat(asTheAgent("ls .agent; cat .agent/credentials"))
        .isEqualTo("credentials\nstop\nworkspace\ntoken-of-the-agent");
  }

  private static String outcome(Runnable call) {
    try {
      call.run();
      return "done";
    } catch (FileRefused why) {
      return why.reason().name();
    }
  }

  @Test
  void theContainerHasNoNetworkAndEndsWhenIdle() throws InterruptedException {
    write("a", "x");
    var inspected = docker.client().inspectContainerCmd(id + "-files").exec();
    assertThat(inspected.getHostConfig().getNetworkMode()).isEqualTo("none");
    assertThat(inspected.getHostConfig().getReadonlyRootfs()).isTrue();
    assertThat(inspected.getHostConfig().getCapDrop()).containsExactly(Capability.ALL);
    assertThat(inspected.getHostConfig().getCapAdd())
        .containsExactly(Capability.SETUID, Capability.SETGID);
    Await.until(
        Duration.ofSeconds(60),
        () ->
            docker.containers().stream()
                .noneMatch(container -> container.getId().equals(inspected.getId())),
        () -> "the container still exists");
    assertThat(text("a")).isEqualTo("x");
  }

  @Test
  void aCallerThatDisconnectsLeavesNoProgramBehind() {
    write("big", "x".repeat(3_000_000));
    assertThatThrownBy(
            () ->
                readTree(
                    new HashMap<>() {
                      private static final long serialVersionUID = 1L;

                      @Override
                      public ByteString merge(
                          HomeFolder.Entry key,
                          ByteString value,
                          java.util.function.BiFunction<
                                  ? super ByteString, ? super ByteString, ? extends ByteString>
                              by) {
                        throw new IllegalStateException("gone");
                      }
                    }))
        .hasMessage("gone");
    // Counts the program itself, and not the shell that counts.
    Await.until(
        Await.LIMIT,
        () -> asTheAgent("ps -eo comm | grep -c '^node$' || true").strip().equals("0"),
        () -> "the program still runs");
  }
}
