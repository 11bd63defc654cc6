package dev.chowder.postgres;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A private cluster of PostgreSQL, which accepts connections from this machine only. Never runs as
 * root, because PostgreSQL refuses that: for root, it belongs to the user {@code postgres}.
 *
 * @param programs the version of PostgreSQL
 * @param folder has the files of the cluster and its password; if this process is root, the user
 *     {@code postgres} must be able to reach it
 * @param startLimit after this time, a start fails
 * @param stopLimit after this time, a stop becomes more forceful
 */
public record PostgresCluster(
    PostgresPrograms programs, Path folder, Duration startLimit, Duration stopLimit) {
  /** The only user of the database, who may create databases. */
  public static final String USER = "chowder";

  /** The user of the operating system who runs clusters of root. Debian's package creates it. */
  private static final String OWNER = "postgres";

  private static final Duration INITDB_LIMIT = Duration.ofMinutes(5);

  /** Lets pg_ctl report its own limit first. */
  private static final Duration MARGIN = Duration.ofSeconds(10);

  /** A database may be large, and its disk slow. */
  private static final Duration DELETE_LIMIT = Duration.ofMinutes(10);

  private static final int PASSWORD_BYTES = 16;

  public PostgresCluster {
    // Programs for OWNER run in another working directory.
    folder = folder.toAbsolutePath();
  }

  /**
   * Returns a cluster with the limits of the environment.
   *
   * @param variables may have CHOWDER_POSTGRES_START_SECONDS and CHOWDER_POSTGRES_STOP_SECONDS
   */
  public static PostgresCluster of(
      PostgresPrograms programs, Path folder, Map<String, String> variables) {
    return new PostgresCluster(
        programs,
        folder,
        seconds(variables, "CHOWDER_POSTGRES_START_SECONDS", "60"),
        seconds(variables, "CHOWDER_POSTGRES_STOP_SECONDS", "30"));
  }

  private static Duration seconds(Map<String, String> variables, String name, String instead) {
    var set = variables.getOrDefault(name, "");
    var value = set.isEmpty() ? instead : set;
    try {
      return Duration.ofSeconds(Integer.parseUnsignedInt(value));
    } catch (NumberFormatException wrong) {
      throw new IllegalArgumentException(must(name, "be a whole number of seconds", value), wrong);
    }
  }

  /**
   * Creates the cluster if there is none. Its locale is English instead of C, so that tests detect
   * columns without a collation.
   *
   * @throws ProgramException if PostgreSQL cannot create its files
   */
  public void create() {
    if (Files.exists(data().resolve("PG_VERSION"))) return;
    writePassword();
    if (Root.isThisProcess()) {
      var _ = Program.of("chown", "-R", OWNER, folder.toString()).run();
    }
    var initdb =
        asOwner(
            INITDB_LIMIT,
            "initdb",
            "--username=" + USER,
            "--pwfile=" + passwordFile(),
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=en",
            "--auth=scram-sha-256");
    var result = initdb.attempt();
    if (!result.succeeded()) {
      throw new ProgramException(
          cannot("create PostgreSQL's files in " + folder, result.lastLine()), null);
    }
  }

  private void writePassword() {
    var random = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(random);
    var ownerOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    try {
      Files.createDirectories(folder);
      Files.deleteIfExists(passwordFile());
      Files.createFile(passwordFile(), ownerOnly);
      Files.writeString(passwordFile(), HexFormat.of().formatHex(random));
    } catch (IOException failed) {
      throw new ProgramException(
          cannot("create PostgreSQL's files in " + folder, failed.toString()), failed);
    }
  }

  /**
   * Starts the cluster, and creates it if there is none. Returns when it accepts connections.
   *
   * @param settings of PostgreSQL, such as {@code fsync=off}
   * @throws ProgramException if it does not start in time
   */
  public void start(int port, List<String> settings) {
    create();
    var options = new StringBuilder("-p " + port);
    // pg_ctl passes the options to a shell.
    options.append(" -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
    settings.forEach(setting -> options.append(" -c ").append(setting));
    var log = data().resolve("log");
    var start =
        control(startLimit, "-l", log.toString(), "-o", options.toString(), "start").attempt();
    if (start.succeeded()) return;
    throw new ProgramException(
        "PostgreSQL did not start within %d s (%s)"
            .formatted(startLimit.toSeconds(), Files.exists(log) ? last(log) : start.lastLine()),
        null);
  }

  private static String last(Path log) {
    return Program.of("tail", "-n", "1", log.toString()).run().text();
  }

  /**
   * Stops the cluster and keeps its data: at first so that it ends all connections, and then, if
   * that fails, at once. Does nothing if it does not run.
   */
  public void stop() {
    if (!Files.isDirectory(data())) return;
    if (!control(stopLimit, "-m", "fast", "stop").succeeds()) {
      var _ = control(stopLimit, "-m", "immediate", "stop").succeeds();
    }
  }

  /** Stops the cluster and removes its folder. Does nothing if there is none. */
  public void delete() {
    stop();
    var _ = Program.of("rm", "-rf", "--", folder.toString()).within(DELETE_LIMIT).run();
  }

  /**
   * Returns the command that runs the cluster in the foreground. If its parent is killed, the
   * cluster stops at once. On SIGTERM it would wait for its clients and reject new ones meanwhile.
   */
  public List<String> foreground(int port) {
    var words = new ArrayList<String>();
    if (Root.isThisProcess()) {
      var group = Program.of("id", "-g", OWNER).run().text();
      words.addAll(List.of("setpriv", "--reuid", OWNER, "--regid", group, "--init-groups"));
      words.addAll(List.of("--pdeathsig", "INT", "--"));
    } else if (DebianPackages.has("setpriv")) {
      words.addAll(List.of("setpriv", "--pdeathsig", "INT", "--"));
    }
    words.addAll(List.of(programs.program("postgres").toString(), "-D", data().toString()));
    words.addAll(List.of("-p", Integer.toString(port), "-c", "listen_addresses=127.0.0.1"));
    words.addAll(List.of("-c", "unix_socket_directories="));
    return List.copyOf(words);
  }

  /** Returns the password of {@link #USER}. */
  public String password() {
    try {
      return Files.readString(passwordFile()).strip();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the file with the password, which only its owner can read. */
  public Path passwordFile() {
    return folder.resolve("password");
  }

  private Path data() {
    return folder.resolve("data");
  }

  private Program control(Duration limit, String... arguments) {
    return asOwner(limit.plus(MARGIN), "pg_ctl", "-w", "-t", Long.toString(limit.toSeconds()))
        .and(arguments);
  }

  /** Returns a program of PostgreSQL for the files of this cluster. */
  private Program asOwner(Duration limit, String name, String... arguments) {
    var program =
        Program.of(programs.program(name).toString(), "-D", data().toString()).and(arguments);
    if (Root.isThisProcess()) {
      // OWNER may not be able to read the working directory of this process.
      program =
          Program.of("runuser", "-u", OWNER, "--")
              .and(program.words().toArray(String[]::new))
              .in(Path.of("/"));
    }
    return program.within(limit);
  }
}
