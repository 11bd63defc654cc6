package dev.chowder.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests with a script instead of a node, under the real supervisor. */
@Timeout(60)
class FleetNodeTest {
  private static final Path SUPERVISE = Path.of("../scripts/lib/supervise").toAbsolutePath();

  @TempDir Path home;
  private final BenchRun run = new BenchRun();

  @BeforeEach
  void startNode() throws Exception {
    var base = Files.createDirectories(home.resolve("run")).resolve("server");
    var log = Files.createDirectories(home.resolve("logs")).resolve("server.log");
    var node = "echo \"$SETTING\" >>\"$0/settings\"; exec sleep 1000";
    Files.writeString(
        home.resolve("run/server.command"), String.join("\0", "sh", "-c", node, "" + home) + "\0");
    var builder = new ProcessBuilder(SUPERVISE.toString(), base.toString(), log.toString());
    builder.environment().put("SETTING", "that of up");
    var supervisor = run.start(builder);
    Files.writeString(home.resolve("run/server.supervisor"), supervisor.pid() + "\n");
    Await.until("the settings", () -> Files.exists(home.resolve("settings")));
    Await.until("the node", () -> Files.exists(home.resolve("run/server.pid")));
  }

  @AfterEach
  void end() {
    run.close();
  }

  @Test
  void aStoppedNodeStartsAgainWithItsVariables() throws Exception {
    var node = new FleetNode(run, home, SUPERVISE.toString());
    long first = FleetNode.pid(home.resolve("run/server.pid"));
    var process = ProcessHandle.of(first).orElseThrow();
    node.stop();
    process.onExit().get(30, TimeUnit.SECONDS);
    assertThat(home.resolve("run/server.pid")).doesNotExist();
    node.start();
    Await.until(
        "the settings of the second start",
        () -> Files.readAllLines(home.resolve("settings")).size() == 2);
    assertThat(home.resolve("settings")).hasContent("that of up\nthat of up\n");
    assertThat(FleetNode.pid(home.resolve("run/server.pid"))).isNotEqualTo(first);
    assertThat(node.started()).isNotNull();
  }
}
