package dev.chowder.operate.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests background processes with the real supervisor. */
@Timeout(120)
class BackgroundTest {
  /** A command that reports that it is ready for SIGTERM, and ends on it. */
  private static final String UNTIL_TERM =
      "trap 'echo ended in order; exit 0' TERM; echo is ready; while :; do sleep 0.1; done";

  private static final String MARK = "mark-of-the-test";
  private static final Duration LIMIT = Duration.ofSeconds(40);

  @TempDir private Path folder;
  private final Map<String, String> variables = new HashMap<>();
  private TestSite test;
  private Site site;

  @BeforeEach
  void createSite() {
    variables.put("CHOWDER_STOP_SECONDS", "30");
    renew();
    site.ensureState();
  }

  private void renew() {
    test = TestSite.in(folder, variables);
    site = test.site();
  }

  @AfterEach
  void stop() {
    process().stop();
  }

  @Test
  void aKilledProcessIsRestartedAndAStoppedOneIsNot() {
    var process = process();
    assertThat(process.isRunning()).isFalse();
    start(UNTIL_TERM, false);
    process.await(LIMIT, () -> log().contains("is ready"));
    process.keep("key");
    assertThat(process.isSupervised()).isTrue();
    assertThat(process.hasKey("key")).isTrue();
    assertThat(process.hasKey("other")).isFalse();
    long first = process.pid().orElseThrow();
    assertThat(ProcessHandle.of(first).orElseThrow().destroyForcibly()).isTrue();
    Await.until(() -> process.pid().filter(pid -> pid != first).isPresent());
    Await.until(() -> log().lines().filter("is ready"::equals).count() == 2);
    long second = process.pid().orElseThrow();
    process.stop();
    assertThat(log()).contains("ended in order");
    assertThat(ProcessHandle.of(second).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(process.isRunning()).isFalse();
    assertThat(site.run("")).isEmptyDirectory();
    assertThat(test.messages()).isEmpty();
  }

  @Test
  void aProcessThatIgnoresSigtermIsKilled() {
    variables.put("CHOWDER_STOP_SECONDS", "1");
    renew();
    start("trap '' TERM; echo is ready; while :; do sleep 0.1; done", false);
    var process = process();
    process.await(LIMIT, () -> log().contains("is ready"));
    process.stop();
    assertThat(process.isRunning()).isFalse();
    assertThat(test.messages()).isEqualTo("part did not stop within 1 s of SIGTERM. Killing it.\n");
  }

  @Test
  void aProcessWhoseSupervisorWasKilledCanBeStopped() {
    start("trap 'echo ended in order' TERM; echo is ready; while :; do sleep 0.1; done", false);
    var process = process();
    process.await(LIMIT, () -> log().contains("is ready"));
    long supervisor = Long.parseLong(Site.text(site.run("part.supervisor")).orElseThrow());
    assertThat(ProcessHandle.of(supervisor).orElseThrow().destroyForcibly()).isTrue();
    Await.until(() -> !process.isSupervised());
    assertThat(process.isRunning()).isTrue();
    variables.put("CHOWDER_STOP_SECONDS", "1");
    renew();
    process().stop();
    assertThat(process.isRunning()).isFalse();
  }

  @Test
  void twoEarlyEndsEndTheWaitWithTheEndOfTheLog() {
    start("for n in 1 2 3 4 5 6; do echo line $n; done; exit 3", false);
    assertThatThrownBy(() -> process().await(LIMIT, () -> false))
        .isInstanceOf(CommandException.class)
        .hasMessage(
            "cannot start part: it ended with exit code 3 and is restarted until you run"
                + " scripts/down; see the end of its log above and all of it in "
                + site.log("part"));
    assertThat(test.messages().lines()).hasSize(5).contains("line 6").doesNotContain("line 1");
  }

  @Test
  void aProcessThatDoesNotRespondIsReported() {
    start(UNTIL_TERM, false);
    assertThatThrownBy(() -> process().await(Duration.ofSeconds(1), () -> false))
        .hasMessageStartingWith(
            "cannot start part: no response within 1 s; see the end of its log");
  }

  @Test
  void secretsAreNotInTheEnvironment() throws IOException {
    for (var name :
        List.of("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "CHOWDER_MODEL_KEY")) {
      variables.put(name, "canary-of-a-provider");
    }
    for (var name : Background.NODE_SECRETS) variables.put(name, "canary-of-a-node");
    variables.put("CHOWDER_REST_PORT", "18080");
    renew();
    start(UNTIL_TERM, false);
    assertThat(environment())
        .contains("CHOWDER_REST_PORT=18080\0", "CHOWDER_GRPC_PORT=9090\0", "CHOWDER_LOG_BYTES=")
        .doesNotContain("canary");
    process().stop();
    start(UNTIL_TERM, true);
    assertThat(environment())
        .contains("CHOWDER_STORAGE_PASSWORD=canary-of-a-node\0")
        .contains("CHOWDER_STRIPE_WEBHOOK_SECRET=canary-of-a-node\0")
        .doesNotContain("canary-of-a-provider");
  }

  /** Returns the variables of the process, with a NUL after each. */
  private String environment() throws IOException {
    Await.until(() -> process().pid().isPresent());
    long pid = process().pid().orElseThrow();
    return Files.readString(
        Path.of("/proc", Long.toString(pid), "environ"), StandardCharsets.ISO_8859_1);
  }

  private void start(String command, boolean isNode) {
    process().start(List.of("bash", "-c", command, MARK), site.variables(), isNode);
  }

  private Background process() {
    return new Background(site, "part", MARK);
  }

  private String log() {
    return Site.text(site.log("part")).orElse("");
  }
}
