package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests how {@code scripts/up} treats the first agent when it runs again. */
@Timeout(60)
class WalkTest {
  private static final String PROVISIONED =
      "{\"name\":\"create_sandbox\",\"outcome\":\"executed\"},"
          + "{\"name\":\"onboard\",\"outcome\":\"executed\"}";
  private static final String STARTED = "{\"name\":\"start_gateway\",\"outcome\":\"executed\"}";
  private static final String FAILED = "{\"name\":\"start_gateway\",\"outcome\":\"failed\"}";

  @TempDir Path folder;

  @Test
  void anAgentThatRanIsNeverDeleted() throws Exception {
    for (var stages :
        new String[] {
          PROVISIONED + "," + STARTED,
          STARTED,
          FAILED,
          "{\"name\":\"openclaw_config\",\"outcome\":\"failed\"}",
          ""
        }) {
      assertThat(calls(stages)).isEqualTo("get first -o json\n");
    }
  }

  @Test
  void anAgentThatCouldNotBeCreatedIsReplaced() throws Exception {
    for (var stages : new String[] {PROVISIONED, PROVISIONED + "," + FAILED}) {
      assertThat(calls(stages)).isEqualTo("get first -o json\nrm --yes first\n");
    }
  }

  /**
   * Returns the commands that the script runs for a first agent in error, before it would create
   * another one.
   */
  private String calls(String stages) throws IOException, InterruptedException {
    Files.writeString(folder.resolve("first-instance"), "first");
    var calls = folder.resolve("calls");
    Files.deleteIfExists(calls);
    var builder =
        new ProcessBuilder(
                "bash",
                "-euc",
                "cd ../scripts/lib; . ./common.sh; . ./settings.sh; . ./walk.sh;"
                    + " walk_chowder() { echo \"$*\" >>\"$CALLS\"; printf '%s' \"$INSTANCE\"; };"
                    + " walk_memory() { exit 0; }; walk")
            .redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", folder.toString());
    builder.environment().put("CALLS", calls.toString());
    builder.environment().put("INSTANCE", "{\"status\":\"error\",\"stages\":[" + stages + "]}");
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(printed).isZero();
    return Files.readString(calls);
  }
}
