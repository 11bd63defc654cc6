package dev.chowder.operate.database;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.operate.process.Ports;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the PostgreSQL that {@code chowder up --nodes} starts for an installation without one. */
@Timeout(300)
class PrivateDatabaseIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private final int port = Ports.free();

  @BeforeEach
  void createHome() {
    site().ensureState();
  }

  @AfterEach
  void purge() {
    var site = site();
    new PrivateDatabase(site).purge();
    assertThat(new PrivateDatabase(site).exists()).isFalse();
  }

  @Test
  void aKilledDatabaseIsRestartedAndAStoppedOneIsNot() throws Exception {
    ensure();
    sql("CREATE TABLE kept AS SELECT 42 AS answer");
    var killed = process();
    assertThat(killed.destroyForcibly()).isTrue();
    Await.until(LIMIT, () -> client("pg_isready", "-q").succeeds() && isAnotherThan(killed));
    ensure();
    assertThat(sql("SELECT answer FROM kept")).isEqualTo("42");

    var running = process();
    new PrivateDatabase(site()).stop();
    assertThat(running.isAlive()).isFalse();
    assertThat(site().run("postgres.supervisor")).doesNotExist();
    assertThat(Ports.isClosed(port)).isTrue();
    assertThat(new PrivateDatabase(site()).exists()).isTrue();
  }

  private boolean isAnotherThan(ProcessHandle killed) {
    return process().pid() != killed.pid();
  }

  @Test
  void nodesGetItsAddressAndItsPassword() {
    var site = ensure();
    assertThat(site.variables().all())
        .containsEntry(
            "CHOWDER_STORAGE_URL", "jdbc:postgresql://127.0.0.1:%d/chowder".formatted(port))
        .containsEntry("CHOWDER_STORAGE_USER", "chowder")
        .containsEntry("CHOWDER_STORAGE_PASSWORD_FILE", site.file("storage.password").toString());
    assertThat(sql("SELECT datname FROM pg_database")).contains("chowder");
  }

  @Test
  void anInstallationWithOneNodeOrAnotherDatabaseHasNone() {
    var site = site();
    new PrivateDatabase(site).ensure(false);
    assertThat(site.variables().find("CHOWDER_STORAGE_URL")).isEmpty();
    site.variables().set("CHOWDER_STORAGE_URL", "jdbc:postgresql://db.example/chowder");
    new PrivateDatabase(site).ensure(true);
    assertThat(new PrivateDatabase(site).exists()).isFalse();
  }

  @Test
  void thePasswordIsNeverMissingWhileOtherProcessesEnsureIt() throws Exception {
    var password = password(ensure());
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = threads.submit(this::ensure);
      var second = threads.submit(this::ensure);
      int reads = 0;
      while (reads == 0 || !first.isDone() || !second.isDone()) {
        assertThat(password(site())).isEqualTo(password);
        reads++;
      }
      var _ = first.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      var _ = second.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static String password(Site site) throws IOException {
    return Files.readString(site.file("storage.password"));
  }

  @Test
  void theDatabaseStopsWithItsSupervisorAlsoWhileAClientIsConnected() throws Exception {
    var site = ensure();
    var database = process();
    var words = client("psql", "-c", "SELECT pg_sleep(300)").words();
    var builder =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("PGPASSWORD", password(site).strip());
    var client = builder.start();
    Await.until(
        LIMIT,
        () ->
            sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
                .equals("1"));
    long supervisor = Long.parseLong(Site.text(site.run("postgres.supervisor")).orElseThrow());
    assertThat(ProcessHandle.of(supervisor).orElseThrow().destroyForcibly()).isTrue();
    var _ = database.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(client.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

    ensure();
    assertThat(process().isAlive()).isTrue();
  }

  private ProcessHandle process() {
    var pid = Site.text(site().run("postgres.pid")).orElseThrow();
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  /** Starts the database as a start with several nodes does. */
  private Site ensure() {
    var site = site();
    new PrivateDatabase(site).ensure(true);
    return site;
  }

  private Site site() {
    var variables =
        Map.of("CHOWDER_POSTGRES_PORT", Integer.toString(port), "CHOWDER_STOP_SECONDS", "60");
    var site = TestSite.in(folder, variables).site();
    // For root, the folder of the database has the id in its name.
    site.variables().set("CHOWDER_CLUSTER_ID", "db" + port);
    return site;
  }

  private String sql(String statement) {
    return client("psql", "-qAt", "-c", statement)
        .with("PGPASSWORD", Site.text(site().file("storage.password")).orElseThrow())
        .run()
        .text();
  }

  private Program client(String name, String... arguments) {
    var program = PostgresPrograms.find().orElseThrow().program(name).toString();
    return Program.of(program, "-h", "127.0.0.1", "-p", Integer.toString(port))
        .and("-U", "chowder", "-d", "postgres")
        .and(arguments);
  }
}
