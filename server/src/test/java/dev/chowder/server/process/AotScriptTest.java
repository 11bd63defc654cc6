package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests which AOT cache {@code scripts/up} records and uses, with a simulated JVM and PostgreSQL.
 * {@code scripts/lib/rolling.sh} tests it with the real ones.
 */
@Timeout(60)
class AotScriptTest {
  private static final String H2 = "";
  private static final String POSTGRES = "jdbc:postgresql://db.example:5432/chowder";
  private static final String OF_H2 = "[0-9a-f]{16}\\.aot";
  private static final String OF_POSTGRES = "[0-9a-f]{16}-postgresql\\.aot";

  /** Prints the name of the cache with which a server on this storage starts. */
  private static final String SCRIPT =
      """
      set -euo pipefail
      for part in common settings java process postgres build simulator aot; do . "$2/$part.sh"; done
      cd "$1"
      APP="$1/app"
      postgres_find() { [ -e postgres-is-installed ]; }
      postgres_start() {
        echo started >>clusters
        [ ! -e postgres-fails ] || die "PostgreSQL did not start."
        (umask 077 && echo password-of-the-cluster >"$1/password")
      }
      simulator_begin() { echo "began in $1" >>simulators; }
      simulator_end() { echo ended >>simulators; }
      postgres_stop() { echo stopped >>clusters; rm -rf "$1"; }
      aot_ensure
      printf '%s' "${AOT_CACHE##*/}"
      """;

  /** Records its arguments, its environment and its settings, and writes the cache. */
  private static final String JAVA =
      """
      #!/bin/bash
      cd 'FOLDER' || exit 1
      echo "$@" >>arguments
      env >>environment
      if [ -f "${@: -1}" ]; then cat "${@: -1}" >>settings; fi
      [ ! -e training-fails ] || exit 1
      for argument in "$@"; do
        case "$argument" in -XX:AOTCacheOutput=*) echo cache >"${argument#*=}" ;; esac
      done
      """;

  @TempDir Path folder;
  private Path caches;

  private record Result(String cache, String said) {}

  @BeforeEach
  void installTheSimulatedJvm() throws IOException {
    caches = Files.createDirectories(folder.resolve("app/server"));
    Files.createDirectories(folder.resolve("java/bin"));
    Files.createDirectories(folder.resolve("logs"));
    Files.createDirectories(folder.resolve("temporary"));
    Files.writeString(folder.resolve("java/release"), "JAVA_VERSION=\"25\"");
    var java = folder.resolve("java/bin/java");
    Files.writeString(java, JAVA.replace("FOLDER", folder.toString()));
    assertThat(java.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void aServerOnH2StartsFromACacheOfH2() throws Exception {
    exists("postgres-is-installed");
    var result = ensure(H2);
    assertThat(result.cache()).matches(OF_H2);
    assertThat(result.said()).contains("Recorded the AOT cache").doesNotContain("failed");
    assertThat(lines("arguments"))
        .singleElement()
        .asString()
        // Machine code of this processor would end a server on one with fewer instructions.
        .contains("-XX:-AOTAdapterCaching -XX:-AOTStubCaching ")
        .containsPattern("AotTrainingRun (\\S+)/home \\1/simulator[.]sock$");
    assertThat(lines("simulators")).hasSize(2).last().isEqualTo("ended");
    assertThat(lines("clusters")).isEmpty();
    assertThat(lines("environment")).noneMatch(line -> line.startsWith("CHOWDER_"));
    // No second run.
    assertThat(ensure(H2)).isEqualTo(new Result(result.cache(), ""));
  }

  @Test
  void aServerOnPostgresStartsFromACacheOfAPrivateCluster() throws Exception {
    exists("postgres-is-installed");
    var result = ensure(POSTGRES);
    assertThat(result.cache()).matches(OF_POSTGRES);
    assertThat(result.said()).contains("Recorded the AOT cache").doesNotContain("failed");
    assertThat(lines("settings"))
        .singleElement()
        .asString()
        .containsPattern("url = \"jdbc:postgresql://127\\.0\\.0\\.1:1[2-7][0-9]{3}/postgres\"")
        .containsPattern("password-file = \"" + folder + "/temporary/[^/]+/password\"");
    assertThat(lines("arguments")).singleElement().asString().doesNotContain("password");
    assertThat(lines("environment"))
        .noneMatch(line -> line.contains("CHOWDER_") || line.contains("password"));
    assertThat(lines("clusters")).containsExactly("started", "stopped");
    assertThat(folder.resolve("temporary")).isEmptyDirectory();
    assertThat(ensure(POSTGRES)).isEqualTo(new Result(result.cache(), ""));
  }

  @Test
  void theCacheOfH2ServesWithoutPostgresOnThisHost() throws Exception {
    assertThat(ensure(POSTGRES).cache()).matches(OF_H2);
    // Once it is installed, a run on it is made.
    exists("postgres-is-installed");
    assertThat(ensure(POSTGRES).cache()).matches(OF_POSTGRES);
  }

  @Test
  void theCacheOfH2ServesIfPostgresDoesNotStart() throws Exception {
    exists("postgres-is-installed");
    exists("postgres-fails");
    var result = ensure(POSTGRES);
    assertThat(result.cache()).matches(OF_H2);
    assertThat(result.said())
        .containsOnlyOnce("The AOT training run failed, so the server starts more slowly: see")
        .contains("/logs/aot-training-run-postgresql.log.")
        .contains("Recorded the AOT cache");
    assertThat(lines("logs/aot-training-run-postgresql.log"))
        .containsExactly("chowder: PostgreSQL did not start.");
    assertThat(lines("clusters")).containsExactly("started", "stopped");
    assertThat(folder.resolve("temporary")).isEmptyDirectory();
    // Later starts do not repeat the failed run.
    assertThat(ensure(POSTGRES)).isEqualTo(new Result(result.cache(), ""));
  }

  @Test
  void aFailedTrainingRunStopsTheClusterAndNotTheStart() throws Exception {
    exists("postgres-is-installed");
    exists("training-fails");
    var result = ensure(POSTGRES);
    assertThat(caches.resolve(result.cache())).isEmptyFile();
    assertThat(lines("clusters")).containsExactly("started", "stopped");
    assertThat(folder.resolve("temporary")).isEmptyDirectory();
    assertThat(ensure(POSTGRES)).isEqualTo(new Result(result.cache(), ""));
  }

  @Test
  void aNewCacheRemovesThoseOfAnotherJvmOnly() throws Exception {
    exists("postgres-is-installed");
    exists("app/server/0123456789abcdef.aot");
    var ofH2 = ensure(H2).cache();
    exists("app/server/0123456789abcdef-postgresql.aot");
    var ofPostgres = ensure(POSTGRES).cache();
    try (Stream<Path> files = Files.list(caches)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(ofH2, ofPostgres);
    }
  }

  private void exists(String name) throws IOException {
    Files.createFile(folder.resolve(name));
  }

  private List<String> lines(String name) throws IOException {
    var file = folder.resolve(name);
    return Files.exists(file) ? Files.readAllLines(file, UTF_8) : List.of();
  }

  /** Runs the script as for a server with this {@code CHOWDER_STORAGE_URL}. */
  private Result ensure(String storage) throws IOException, InterruptedException {
    var lib = Path.of("../scripts/lib").toRealPath().toString();
    var said = folder.resolve("said").toFile();
    var builder =
        new ProcessBuilder("bash", "-c", SCRIPT, "aot", folder.toString(), lib).redirectError(said);
    var environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    environment.put("CHOWDER_HOME", folder.toString());
    environment.put("CHOWDER_CACHE", folder.resolve("cache").toString());
    environment.put("CHOWDER_STORAGE_URL", storage);
    environment.put("CHOWDER_STORAGE_PASSWORD", "password-of-the-operator");
    environment.put("JAVA_HOME", folder.resolve("java").toString());
    environment.put("TMPDIR", folder.resolve("temporary").toString());
    var process = builder.start();
    var cache = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    var text = Files.readString(said.toPath(), UTF_8);
    assertThat(process.exitValue()).as(text).isZero();
    return new Result(cache, text);
  }
}
