package dev.chowder.operate.aot;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.aot.AotCache.Storage;
import dev.chowder.operate.node.ServerCommand;
import dev.chowder.operate.process.Ports;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.Cleanup;
import dev.chowder.postgres.PostgresCluster;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A training run, in which the JVM records a working node with simulated sandboxes. The processes
 * get no CHOWDER_* variables, because the run must not touch any installation.
 */
final class TrainingRun {
  private static final int SECONDS = 180;

  /** Exit codes after SIGINT and SIGTERM, which a terminal sends to all processes. */
  private static final Set<Integer> INTERRUPTED = Set.of(130, 143);

  /**
   * Options that keep machine code out of the cache: Java 25 does not check whether the processor
   * of another machine has the same instructions, and ends with SIGILL if it has fewer.
   */
  private static final List<String> PORTABLE =
      List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching");

  private final Site site;
  private final Path log;
  private final Supplier<Optional<PostgresPrograms>> postgres;
  private final Duration limit;

  TrainingRun(Site site, Path log, Supplier<Optional<PostgresPrograms>> postgres) {
    this.site = site;
    this.postgres = postgres;
    this.log = log;
    this.limit =
        Duration.ofSeconds(site.variables().seconds("CHOWDER_AOT_TRAINING_SECONDS", SECONDS));
  }

  /**
   * Records a cache.
   *
   * @throws ProgramException if the run fails
   */
  void record(Path cache, Storage storage) throws IOException {
    Files.write(log, new byte[0]);
    var work = temporaryFolder("chowder-training");
    try (var _ = new Cleanup(() -> remove(work))) {
      switch (storage) {
        case h2 -> train(work, cache, List.of());
        case postgresql -> trainOnPostgres(work, cache);
      }
    }
    if (cache.toFile().length() == 0) throw new IOException("the JVM wrote no cache");
  }

  private static void remove(Path work) {
    var _ = Program.of("rm", "-rf", "--", work.toString()).succeeds();
  }

  /** Trains on a private PostgreSQL cluster, which is removed afterwards. */
  private void trainOnPostgres(Path work, Path cache) throws IOException {
    // Not in the work folder, which only its owner can read: PostgreSQL never runs as root.
    var folder = temporaryFolder("chowder-training-postgres");
    var programs = postgres.get().orElseThrow();
    var cluster = PostgresCluster.of(programs, folder, site.variables().all());
    try (var _ = new Cleanup(cluster::delete)) {
      int port = Ports.free();
      // Its data need not survive a power failure.
      cluster.start(port, List.of("fsync=off"));
      var settings = work.resolve("storage.conf");
      Files.writeString(
          settings,
          "chowder.storage { url = \"jdbc:postgresql://127.0.0.1:%d/postgres\", user = \"%s\", password-file = \"%s\" }%n"
              .formatted(port, PostgresCluster.USER, cluster.passwordFile()));
      train(work, cache, List.of(settings.toString()));
    }
  }

  private void train(Path work, Path cache, List<String> settings) throws IOException {
    var words = withoutVariables(work);
    // This JVM may be killed.
    words.addAll(List.of("timeout", Long.toString(limit.toSeconds())));
    words.add(site.layout().jvm().toString());
    words.addAll(ServerCommand.options(site.variables()));
    words.add(ServerCommand.NATIVE_ACCESS);
    words.addAll(PORTABLE);
    // The folder of the simulated sandboxes.
    words.add("-Djava.io.tmpdir=" + work);
    words.add("-XX:AOTCacheOutput=" + cache);
    words.addAll(List.of("-cp", ServerCommand.jar(site.layout())));
    words.add("dev.chowder.server.AotTrainingRun");
    words.addAll(List.of(work.resolve("home").toString(), site.layout().simulator()));
    words.addAll(settings);
    int exit = intoLog(words);
    if (INTERRUPTED.contains(exit)) {
      throw ExitCode.INTERRUPTED.failure("interrupted");
    }
    if (exit != 0) throw new IOException("the JVM ended with exit code " + exit);
  }

  /** Runs a command, whose output the user can follow in the log. */
  private int intoLog(List<String> words) {
    return Program.of("bash", "-c", "exec \"$@\" >>\"$0\" 2>&1", log.toString())
        .and(words.toArray(String[]::new))
        .within(limit)
        .attempt()
        .exit();
  }

  private List<String> withoutVariables(Path work) {
    return new ArrayList<>(
        List.of(
            "env",
            "-i",
            "PATH=" + site.variables().find("PATH").orElse("/usr/bin:/bin"),
            "HOME=" + work));
  }

  /** Creates a folder where shells and PostgreSQL create theirs. */
  private Path temporaryFolder(String name) throws IOException {
    var parent =
        site.variables().find("TMPDIR").orElse(System.getProperty("java.io.tmpdir", "/tmp"));
    return Files.createTempDirectory(Path.of(parent), name);
  }

  /** Adds text to a log. */
  static void append(Path log, String text) throws IOException {
    Files.writeString(
        log,
        text.endsWith("\n") ? text : text + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
