package dev.chowder.operate.aot;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.ContentKey;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.state.Cleanup;
import dev.chowder.operate.state.Flock;
import dev.chowder.operate.state.Poll;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The AOT cache of the server's JVM, for these jars, this JVM and a kind of storage. With it, the
 * server starts in half the time, and its first calls take half as long (docs/adr/0015). Without
 * it, or with the cache of another JVM, the server works but is slower.
 */
public final class AotCache {
  /** The longest wait for another build or training run, in seconds. */
  private static final int WAIT_SECONDS = 1800;

  private static final Duration SIGNAL_LIMIT = Duration.ofSeconds(1);

  private final Site site;
  private final Supplier<Optional<PostgresPrograms>> postgres;

  public AotCache(Site site) {
    this(site, PostgresPrograms::find);
  }

  /**
   * Uses other programs of PostgreSQL.
   *
   * @param postgres returns those of this host; empty if there are none
   */
  AotCache(Site site, Supplier<Optional<PostgresPrograms>> postgres) {
    this.site = site;
    this.postgres = postgres;
  }

  /** A database on which a node is trained. */
  public enum Storage {
    h2(""),
    postgresql("-postgresql");

    /** The end of the cache's name. */
    private final String suffix;

    Storage(String suffix) {
      this.suffix = suffix;
    }
  }

  /**
   * Returns the cache for the storage at CHOWDER_STORAGE_URL, and records it if no start has tried
   * to; empty if no training run succeeded. A server on PostgreSQL uses the cache of H2 if
   * PostgreSQL's programs are not on this host, or if the training run on PostgreSQL failed.
   */
  public Optional<Path> ensure() {
    var storage = storage();
    if (site.layout().isRelease()) {
      return Optional.of(ofRelease(site.layout(), storage)).filter(Files::exists);
    }
    if (storage == Storage.postgresql && postgres.get().isPresent()) {
      var cache = recordOnce(storage);
      if (cache.isPresent()) return cache;
    }
    return recordOnce(Storage.h2);
  }

  private Storage storage() {
    return site.variables()
        .find("CHOWDER_STORAGE_URL")
        .filter(url -> url.startsWith("jdbc:postgresql:"))
        .map(url -> Storage.postgresql)
        .orElse(Storage.h2);
  }

  /** Returns the cache that scripts/release recorded. */
  private static Path ofRelease(Layout layout, Storage storage) {
    return layout.app().resolve("server").resolve(storage.name() + ".aot");
  }

  /** Records the cache of a release, which must succeed. */
  public void recordForRelease(Storage storage) {
    if (storage == Storage.postgresql) {
      var packages = new DebianPackages(site.layout().root().resolve("scripts/lib"));
      var _ = PostgresPrograms.ensure(packages, site::say);
    }
    var cache = ofRelease(site.layout(), storage);
    record(cache, storage, Optional.empty());
    if (isEmpty(cache)) {
      throw ExitCode.FAILED.failure(
          "cannot build the release: see the log of the AOT training run above");
    }
  }

  private Optional<Path> recordOnce(Storage storage) {
    // Not relative to this clone, because clones share the cache.
    var jvm = ContentKey.of(Path.of("/"), site.layout().java().resolve("release").toAbsolutePath());
    var cache = site.layout().app().resolve("server").resolve(jvm + storage.suffix + ".aot");
    if (!Files.exists(cache)) {
      try (var _ = lock()) {
        // Another process may have recorded it meanwhile.
        if (!Files.exists(cache)) record(cache, storage, Optional.of(jvm));
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
    return isEmpty(cache) ? Optional.empty() : Optional.of(cache);
  }

  /** Takes the lock that builds take, too. */
  private Flock lock() throws IOException {
    int seconds = site.variables().seconds("CHOWDER_BUILD_WAIT_SECONDS", WAIT_SECONDS);
    var folder = site.layout().cache().resolve("app");
    Files.createDirectories(folder);
    return Flock.take(folder.resolve("lock"), Duration.ofSeconds(seconds))
        .orElseThrow(
            () ->
                ExitCode.CONFLICT.failure(
                    "another build has been running for more than %d s: wait until it has finished, or stop it"
                        .formatted(seconds)));
  }

  /**
   * Runs a training run. An empty file records its failure, so that not every start repeats it.
   *
   * @param jvm if present, caches of another JVM are removed
   */
  private void record(Path cache, Storage storage, Optional<String> jvm) {
    long began = System.nanoTime();
    site.say("Running an AOT training run, so that the server starts faster ...");
    var part = cache.resolveSibling(cache.getFileName() + ".part");
    var log = site.log("aot-training-run" + storage.suffix);
    try {
      new TrainingRun(site, log, postgres).record(part, storage);
      if (jvm.isPresent()) removeOthers(cache, jvm.get());
      Files.move(part, cache, StandardCopyOption.ATOMIC_MOVE);
      var seconds = Duration.ofNanos(System.nanoTime() - began).toSeconds();
      site.say("Recorded the AOT cache in %d s.".formatted(seconds));
    } catch (CommandException failed) {
      // An interruption by the user proves nothing about the run.
      if (failed.code() == ExitCode.INTERRUPTED) throw failed;
      recordFailure(cache, part, log, failed);
    } catch (IOException | UncheckedIOException | ProgramException failed) {
      recordFailure(cache, part, log, failed);
    }
  }

  private void recordFailure(Path cache, Path part, Path log, Exception failure) {
    // Ctrl-C ends the programs of the run, too, perhaps before this JVM.
    if (Poll.until(SIGNAL_LIMIT, Cleanup::isEnding)) return;
    site.say(
        "The AOT training run failed, so the server starts more slowly: see %s.".formatted(log));
    try {
      TrainingRun.append(log, String.valueOf(failure.getMessage()));
      Files.deleteIfExists(part);
      Files.deleteIfExists(part.resolveSibling(part.getFileName() + ".config"));
      Files.write(cache, new byte[0]);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Keeps those of this JVM, because a JVM has one for each kind of storage. */
  private static void removeOthers(Path cache, String jvm) throws IOException {
    var folder = cache.resolveSibling("");
    try (var files = Files.newDirectoryStream(folder, "*.aot")) {
      for (var file : files) {
        if (!String.valueOf(file.getFileName()).startsWith(jvm)) Files.delete(file);
      }
    }
  }

  private static boolean isEmpty(Path file) {
    return file.toFile().length() == 0;
  }
}
