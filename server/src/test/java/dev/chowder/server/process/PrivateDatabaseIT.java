package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.server.cluster.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the PostgreSQL that {@code scripts/up --nodes} starts for an installation without one. */
@Timeout(300)
class PrivateDatabaseIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final String PARTS =
      "cd ../scripts/lib; for part in common settings process nodes postgres database; do"
          + " . \"./$part.sh\"; done; home_ensure; NODES=2; ";

  @TempDir Path folder;
  private final int port = FreePorts.one();

  @AfterEach
  void purge() throws Exception {
    script("database_purge");
  }

  @Test
  void aKilledDatabaseIsRestartedAndAStoppedOneIsNot() throws Exception {
    script("database_ensure; database_sql 'CREATE TABLE kept AS SELECT 42 AS answer'");
    var killed = process();
    assertThat(killed.destroyForcibly()).isTrue();
    await(
        "answered again",
        "database_answers && [ \"$(cat $RUN/postgres.pid)\" != " + killed.pid() + " ]");
    assertThat(script("database_ensure; database_sql 'SELECT answer FROM kept'").strip())
        .isEqualTo("42");

    var running = process();
    script("database_stop");
    assertThat(running.isAlive()).isFalse();
    assertThat(folder.resolve("run/postgres.supervisor")).doesNotExist();
    assertThat(succeeds("port_closed " + port)).isTrue();
  }

  @Test
  void thePasswordIsNeverMissingWhileAnotherProcessEnsuresIt() throws Exception {
    // The slow copy extends the moment in which the file could be incomplete.
    script(
        "database_ensure; unset CHOWDER_STORAGE_URL; cat() { sleep 1; command cat \"$@\"; };"
            + " database_ensure & writer=$!;"
            + " password=\"$(command cat \"$(database_folder)/password\")\";"
            + " while kill -0 $writer 2>/dev/null; do"
            + " [ \"$(command cat \"$CHOWDER_STORAGE_PASSWORD_FILE\")\" = \"$password\" ]; done;"
            + " wait $writer");
  }

  @Test
  void theDatabaseStopsWithItsSupervisorAlsoWhileAClientIsConnected() throws Exception {
    script("database_ensure");
    var database = process();
    var client =
        command(
                "database_ensure; PGPASSWORD=\"$(cat \"$CHOWDER_STORAGE_PASSWORD_FILE\")\" exec"
                    + " \"$POSTGRES_BIN/psql\" -h 127.0.0.1 -p "
                    + port
                    + " -U \"$POSTGRES_USER\" -d postgres -c 'SELECT pg_sleep(300)'")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    await(
        "connected",
        "database_ensure; [ \"$(database_sql \"SELECT count(*) FROM pg_stat_activity WHERE query"
            + " LIKE 'SELECT pg_sleep%'\")\" = 1 ]");
    var supervisor =
        Long.parseLong(Files.readString(folder.resolve("run/postgres.supervisor")).strip());
    assertThat(ProcessHandle.of(supervisor).orElseThrow().destroyForcibly()).isTrue();
    var _ = database.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(client.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

    script("database_ensure");
    assertThat(process().isAlive()).isTrue();
  }

  private ProcessHandle process() throws IOException {
    var pid = Files.readString(folder.resolve("run/postgres.pid")).strip();
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  private void await(String what, String condition) throws Exception {
    Await.until(LIMIT, () -> succeeds("postgres_find; " + condition), () -> "not: " + what);
  }

  private boolean succeeds(String condition) throws Exception {
    return end(command(condition).redirectOutput(ProcessBuilder.Redirect.DISCARD).start()) == 0;
  }

  private String script(String commands) throws Exception {
    var printed = Files.createTempFile(folder, "script", ".log").toFile();
    var process = command(commands).redirectOutput(printed).start();
    int code = end(process);
    var text = Files.readString(printed.toPath(), UTF_8);
    assertThat(code).as(text).isZero();
    return text;
  }

  private static int end(Process process) throws InterruptedException {
    assertThat(process.waitFor(2 * LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  /** Output goes to files, because background processes must not keep a pipe open. */
  private ProcessBuilder command(String commands) {
    var builder = new ProcessBuilder("bash", "-euc", PARTS + commands).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", folder.toString());
    builder.environment().put("CHOWDER_CACHE", folder.resolve("cache").toString());
    builder.environment().put("CHOWDER_CLUSTER_ID", "db" + port);
    builder.environment().put("CHOWDER_POSTGRES_PORT", Integer.toString(port));
    return builder;
  }
}
