package dev.chowder.operate.database;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.process.PortUse;
import dev.chowder.operate.process.Ports;
import dev.chowder.operate.site.Site;
import dev.chowder.postgres.PostgresCluster;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The database that several nodes share: the one at CHOWDER_STORAGE_URL, or a private PostgreSQL of
 * this installation.
 */
public final class PrivateDatabase {
  private static final String PORT = "CHOWDER_POSTGRES_PORT";

  /** The default of its port. */
  public static final String DEFAULT_PORT = "9432";

  private static final String URL = "CHOWDER_STORAGE_URL";
  private static final String NAME = "chowder";

  /** The database that each cluster has. */
  private static final String MAINTENANCE = "postgres";

  private static final String PASSWORD_FILE = "storage.password";

  private final Site site;
  private final Background process;

  public PrivateDatabase(Site site) {
    this.site = site;
    site.variables().setDefault(PORT, DEFAULT_PORT);
    this.process = new Background(site, "postgres", "/postgres -D %s/data ".formatted(folder()));
  }

  /**
   * Returns its folder. For root it is outside the state directory: PostgreSQL never runs as root,
   * and other users may not read root's state directory.
   */
  private Path folder() {
    return Root.isThisProcess()
        ? Path.of("/var/lib/chowder-" + site.clusterId())
        : site.file("postgres");
  }

  /** Returns whether there is one. An installation keeps it when it returns to one node. */
  public boolean exists() {
    return Files.isDirectory(folder().resolve("data"));
  }

  /**
   * Starts the private database if the installation needs or has one, and sets the variables with
   * its address.
   *
   * @param isNeeded whether the nodes must share a database
   */
  public void ensure(boolean isNeeded) {
    if (site.variables().find(URL).isPresent()) return;
    if (!exists()) {
      if (!isNeeded) return;
      refuseDataInH2();
    }
    var packages = new DebianPackages(site.layout().root().resolve("scripts/lib"));
    var programs = PostgresPrograms.ensure(packages, site::say);
    var cluster = cluster(programs);
    if (!process.isSupervised()) {
      // An earlier version may have started it without a supervisor.
      stop();
      Ports.requireFree(site.variables(), new PortUse(PORT, "PostgreSQL"));
      site.say("Starting PostgreSQL ...");
      cluster.create();
      process.start(cluster.foreground(port()), site.variables(), false);
    }
    process.await(Background.startLimit(site.variables()), () -> answers(programs));
    var password = cluster.password();
    keep(password);
    createDatabase(programs, password);
    site.variables().set("CHOWDER_STORAGE_USER", PostgresCluster.USER);
    site.variables().set("CHOWDER_STORAGE_PASSWORD_FILE", site.file(PASSWORD_FILE).toString());
    site.variables().set(URL, "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port(), NAME));
  }

  private void refuseDataInH2() {
    if (!Files.exists(site.file("data/chowder.mv.db"))) return;
    throw ExitCode.CONFLICT.cannot(
        "start several nodes",
        "the data of %s is in an H2 file, which only one node can use".formatted(site.home()),
        "move it with \"%s\" and set CHOWDER_STORAGE_URL"
            .formatted(site.command("admin move-to-postgresql")));
  }

  /**
   * Replaces the file atomically, so that a process that reads it meanwhile, such as a starting
   * node, does not find it empty. Several commands may do this at the same time.
   */
  private void keep(String password) {
    if (site.text(PASSWORD_FILE).filter(password::equals).isEmpty()) {
      site.write(PASSWORD_FILE, password);
    }
  }

  private boolean answers(PostgresPrograms programs) {
    return client(programs, "pg_isready", "-q").succeeds();
  }

  private void createDatabase(PostgresPrograms programs, String password) {
    var databases = sql(programs, password, "SELECT datname FROM pg_database");
    if (databases.lines().anyMatch(NAME::equals)) return;
    var _ = sql(programs, password, "CREATE DATABASE " + NAME);
  }

  /** Passes the password in the environment of one program, which only its owner can read. */
  private String sql(PostgresPrograms programs, String password, String statement) {
    return client(programs, "psql", "-qAt", "-c", statement)
        .with("PGPASSWORD", password)
        .run()
        .output();
  }

  private Program client(PostgresPrograms programs, String name, String... arguments) {
    return Program.of(programs.program(name).toString(), "-h", "127.0.0.1")
        .and("-p", Integer.toString(port()), "-U", PostgresCluster.USER, "-d", MAINTENANCE)
        .and(arguments);
  }

  /** Stops it and keeps its data. */
  public void stop() {
    // The supervisor first, which would start it again.
    process.stopSupervisor();
    programs().ifPresent(programs -> cluster(programs).stop());
    process.stop();
  }

  /** Stops it and removes its data. */
  public void purge() {
    stop();
    programs().ifPresent(programs -> cluster(programs).delete());
  }

  /** Returns the programs that can stop it; empty if there is no database. */
  private Optional<PostgresPrograms> programs() {
    return exists() ? PostgresPrograms.find() : Optional.empty();
  }

  private PostgresCluster cluster(PostgresPrograms programs) {
    return PostgresCluster.of(programs, folder(), site.variables().all());
  }

  private int port() {
    return site.variables().port(PORT);
  }
}
