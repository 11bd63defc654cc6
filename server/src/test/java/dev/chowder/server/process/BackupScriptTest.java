package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code storage_copy_database} with a running server, which writes the copy itself. */
@Timeout(60)
class BackupScriptTest {
  private static final String TAG = "chowder-backup 1 01234567 " + "a".repeat(64) + "\n";

  /** The server's copy is the file {@code copy}. A local signature adds a line. */
  private static final String SCRIPT =
      """
      set -euo pipefail
      CHOWDER_HOME="$1" APP=none
      mkdir -p "$1/backups"
      say() { printf '%s\\n' "$*" >&2; }
      die() { say "$@"; exit 1; }
      . "$2"
      process_runs() { true; }
      api_tools_ensure() { true; }
      operator_api() { cp "$CHOWDER_HOME/copy" "$CHOWDER_HOME/backups/made"; echo '{"file":"made"}'; }
      storage_order() { [ "$1" = sign-backup ] && printf 'signed here\\n' >>"$2"; }
      storage_copy_database "$1/database.gz" "$3"
      """;

  @TempDir Path folder;

  private String copied(String copy, String option) throws Exception {
    Files.writeString(folder.resolve("copy"), copy);
    var script = Path.of("../scripts/lib/storage.sh").toRealPath();
    var process =
        new ProcessBuilder(
                List.of(
                    "bash", "-c", SCRIPT, "backup", folder.toString(), script.toString(), option))
            .redirectErrorStream(true)
            .start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(printed).isTrue();
    assertThat(process.exitValue()).as(printed).isZero();
    return Files.readString(folder.resolve("database.gz"));
  }

  @Test
  void theCopyOfAServerThatDoesNotSignIsSignedHere() throws Exception {
    assertThat(copied("rows\n", "")).isEqualTo("rows\nsigned here\n");
    assertThat(copied("rows\n", "--unsigned")).isEqualTo("rows\n");
  }

  @Test
  void aCopyThatTheServerSignedStaysUnchanged() throws Exception {
    assertThat(copied("rows\n" + TAG, "")).isEqualTo("rows\n" + TAG);
    // The rows are compressed, so they may end in any byte.
    assertThat(copied("rows" + TAG, "")).isEqualTo("rows" + TAG);
    assertThat(copied(TAG + "rows\n", "")).endsWith("signed here\n");
  }
}
