package dev.chowder.server.cluster;

import dev.chowder.base.Await;
import dev.chowder.postgres.PostgresCluster;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.testprogram.SourceTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A PostgreSQL that a test may kill and restart. */
final class OwnPostgres implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** Commits survive a kill without fsync, because the kernel holds the written pages. */
  private static final List<String> QUICK = List.of("fsync=off", "max_connections=200");

  /** PostgreSQL itself needs less than half of it. */
  private static final int DISK_MEBIBYTES = 512;

  private static final List<String> MODEST = List.of("max_wal_size=128MB", "min_wal_size=32MB");

  private final Optional<SmallDisk> disk;
  private final PostgresCluster cluster;
  private final int port;
  private final Thread end = Thread.ofPlatform().unstarted(this::stop);

  OwnPostgres() throws IOException {
    disk = SmallDisk.mount(DISK_MEBIBYTES);
    // Not in the test's own folder, which PostgreSQL's user may not read.
    var folder =
        disk.isPresent()
            ? Files.createTempDirectory(disk.get().folder(), "postgres")
            : Files.createTempDirectory("chowder-faults-postgres");
    var programs = PostgresPrograms.ensure(SourceTree.here().packages(), System.out::println);
    cluster = PostgresCluster.of(programs, folder, System.getenv());
    port = FreePorts.one();
    Runtime.getRuntime().addShutdownHook(end);
    start();
  }

  int port() {
    return port;
  }

  /** Returns the disk for PostgreSQL alone; empty if this user cannot mount one. */
  Optional<SmallDisk> disk() {
    return disk;
  }

  /** Returns it as a server for the databases of tests. */
  DatabaseServer server(int nodesPort) {
    var url = "jdbc:postgresql://127.0.0.1:";
    return new DatabaseServer(
        url + port, url + nodesPort, PostgresCluster.USER, cluster.password());
  }

  /** Returns when it accepts connections and has recovered from a kill. */
  void start() {
    cluster.start(port, Stream.of(QUICK, MODEST).flatMap(List::stream).toList());
  }

  /** Restarts it as a supervisor would, if it stopped or is about to. */
  void keepUp() {
    Await.until(
        LIMIT,
        () -> {
          if (takesConnections()) return true;
          if (!runs()) start();
          return false;
        },
        () -> "PostgreSQL does not come back");
  }

  private boolean takesConnections() {
    try (var connection = connect()) {
      return connection.isValid(1);
    } catch (SQLException notYet) {
      return false;
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private boolean runs() {
    try {
      return ProcessHandle.of(pid()).filter(ProcessHandle::isAlive).isPresent();
    } catch (NoSuchFileException ended) {
      return false;
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private long pid() throws IOException {
    var file = cluster.folder().resolve("data").resolve("postmaster.pid");
    return Long.parseLong(Files.readAllLines(file).getFirst().strip());
  }

  /** Connects to a database that no node uses. */
  Connection connect() throws IOException, SQLException {
    return server(port).connect("postgres");
  }

  /**
   * Starts a new file of its log, as after much work. PostgreSQL must create a file if none is
   * left.
   *
   * @param connection must be opened before the disk is full: the first connection to a database
   *     after a start writes a file, so PostgreSQL rejects it without disk space, but keeps running
   * @return false if PostgreSQL is down
   */
  static boolean turnsLogPage(Connection connection) {
    try (var sql = connection.createStatement()) {
      sql.execute("SELECT pg_logical_emit_message(false, 'chowder', 'turn'), pg_switch_wal()");
      return true;
    } catch (SQLException why) {
      var state = String.valueOf(why.getSQLState());
      return !state.startsWith("08") && !state.startsWith("57");
    }
  }

  /** Sends SIGKILL to all of its processes. */
  void kill() throws IOException {
    var master = ProcessHandle.of(pid()).orElseThrow();
    var all = new ArrayList<>(master.descendants().toList());
    all.add(master);
    // The postmaster first, because it would restart processes that die.
    all.reversed().forEach(ProcessHandle::destroyForcibly);
    Await.until(LIMIT, () -> all.stream().noneMatch(ProcessHandle::isAlive), () -> "alive: " + all);
  }

  private void stop() {
    cluster.delete();
    disk.ifPresent(SmallDisk::close);
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(end);
    stop();
  }
}
