package dev.chowder.operate.aot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import dev.chowder.postgres.PostgresPrograms;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests which AOT cache a start records and uses, with a simulated JVM and PostgreSQL. {@code
 * RollingRestartCheck} tests it with the real ones.
 */
@Timeout(120)
class AotCacheTest {
  private static final String H2 = "";
  private static final String POSTGRES = "jdbc:postgresql://db.example:5432/chowder";
  private static final String OF_H2 = "[0-9a-f]{16}\\.aot";
  private static final String OF_POSTGRES = "[0-9a-f]{16}-postgresql\\.aot";

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

  /** Creates the folder of the data. */
  private static final String INITDB =
      """
      #!/bin/bash
      mkdir "$2"
      """;

  /** Records starts and stops. */
  private static final String PG_CTL =
      """
      #!/bin/bash
      cd 'FOLDER' || exit 1
      case "${@: -1}" in
        start) echo started >>clusters ;;
        stop) echo stopped >>clusters && exit 0 ;;
      esac
      [ ! -e postgres-fails ] || { echo "no memory" >&2 && exit 1; }
      """;

  @TempDir private Path folder;
  private Path caches;

  /** The user {@code postgres} runs the programs of PostgreSQL for root. */
  @BeforeEach
  void installTheSimulatedPrograms() throws IOException {
    if (Root.isThisProcess()) {
      assumeThat(Program.of("id", "-u", "postgres").succeeds()).isTrue();
    }
    caches = Files.createDirectories(folder.resolve("app/server"));
    Files.createDirectories(folder.resolve("home/logs"));
    var permitted = PosixFilePermissions.fromString("rwxrwxrwx");
    Files.setPosixFilePermissions(folder, permitted);
    Files.setPosixFilePermissions(Files.createDirectories(folder.resolve("temporary")), permitted);
    Files.setPosixFilePermissions(Files.createFile(folder.resolve("clusters")), permitted);
    program("java/bin/java", JAVA);
    Files.writeString(folder.resolve("java/release"), "JAVA_VERSION=\"25\"");
    program("postgres/initdb", INITDB);
    program("postgres/pg_ctl", PG_CTL);
  }

  private void program(String name, String text) throws IOException {
    var file = folder.resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, text.replace("FOLDER", folder.toString()));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void aServerOnH2StartsFromACacheOfH2() throws IOException {
    exists("postgres-is-installed");
    var result = ensure(H2);
    assertThat(result.name()).matches(OF_H2);
    assertThat(result.said()).contains("Recorded the AOT cache").doesNotContain("failed");
    assertThat(lines("arguments"))
        .singleElement()
        .asString()
        // Machine code of this processor would end a server on one with fewer instructions.
        .contains("-XX:-AOTAdapterCaching -XX:-AOTStubCaching ")
        .containsPattern("AotTrainingRun \\S+/home " + folder + "/app/simulator/\\*$");
    assertThat(lines("clusters")).isEmpty();
    assertThat(lines("environment")).noneMatch(line -> line.startsWith("CHOWDER_"));
    assertThat(folder.resolve("temporary")).isEmptyDirectory();
    // No second run.
    assertThat(ensure(H2)).isEqualTo(new Result(result.name(), ""));
  }

  @Test
  void aServerOnPostgresStartsFromACacheOfAPrivateCluster() throws IOException {
    exists("postgres-is-installed");
    var result = ensure(POSTGRES);
    assertThat(result.name()).matches(OF_POSTGRES);
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
    assertThat(ensure(POSTGRES)).isEqualTo(new Result(result.name(), ""));
  }

  @Test
  void theCacheOfH2ServesWithoutPostgresOnThisHost() throws IOException {
    assertThat(ensure(POSTGRES).name()).matches(OF_H2);
    // Once it is installed, a run on it is made.
    exists("postgres-is-installed");
    assertThat(ensure(POSTGRES).name()).matches(OF_POSTGRES);
  }

  @Test
  void theCacheOfH2ServesIfPostgresDoesNotStart() throws IOException {
    exists("postgres-is-installed");
    exists("postgres-fails");
    var result = ensure(POSTGRES);
    assertThat(result.name()).matches(OF_H2);
    assertThat(result.said())
        .containsOnlyOnce("The AOT training run failed, so the server starts more slowly: see")
        .contains("/logs/aot-training-run-postgresql.log.")
        .contains("Recorded the AOT cache");
    assertThat(lines("home/logs/aot-training-run-postgresql.log"))
        .containsExactly("PostgreSQL did not start within 60 s (no memory)");
    assertThat(lines("clusters")).containsExactly("started", "stopped");
    assertThat(folder.resolve("temporary")).isEmptyDirectory();
    // Later starts do not repeat the failed run.
    assertThat(ensure(POSTGRES)).isEqualTo(new Result(result.name(), ""));
  }

  @Test
  void aFailedTrainingRunStopsTheClusterAndNotTheStart() throws IOException {
    exists("postgres-is-installed");
    exists("training-fails");
    var result = ensure(POSTGRES);
    assertThat(result.name()).isEmpty();
    try (Stream<Path> files = Files.list(caches)) {
      assertThat(files).hasSize(2).allSatisfy(file -> assertThat(file).isEmptyFile());
    }
    assertThat(lines("clusters")).containsExactly("started", "stopped");
    assertThat(folder.resolve("temporary")).isEmptyDirectory();
    assertThat(ensure(POSTGRES)).isEqualTo(new Result("", ""));
  }

  @Test
  void aNewCacheRemovesThoseOfAnotherJvmOnly() throws IOException {
    exists("postgres-is-installed");
    exists("app/server/0123456789abcdef.aot");
    var ofH2 = ensure(H2).name();
    exists("app/server/0123456789abcdef-postgresql.aot");
    var ofPostgres = ensure(POSTGRES).name();
    try (Stream<Path> files = Files.list(caches)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(ofH2, ofPostgres);
    }
  }

  @Test
  void aReleaseHasItsCachesAndRecordsNone() throws IOException {
    var release = new Layout(folder, folder.resolve("app"), folder.resolve("java"), folder);
    assertThat(ensure(release, H2).name()).isEmpty();
    exists("app/server/h2.aot");
    exists("app/server/postgresql.aot");
    assertThat(ensure(release, H2)).isEqualTo(new Result("h2.aot", ""));
    assertThat(ensure(release, POSTGRES)).isEqualTo(new Result("postgresql.aot", ""));
    assertThat(lines("arguments")).isEmpty();
  }

  @Test
  void theCacheOfANewReleaseMustBeRecorded() throws IOException {
    var site = site(new Layout(folder, folder.resolve("app"), folder.resolve("java"), folder), H2);
    new AotCache(site, Optional::empty).recordForRelease(AotCache.Storage.h2);
    assertThat(caches.resolve("h2.aot")).isNotEmptyFile();
    exists("training-fails");
    assertThatThrownBy(
            () -> new AotCache(site, Optional::empty).recordForRelease(AotCache.Storage.h2))
        .hasMessage("cannot build the release: see the log of the AOT training run above");
  }

  private void exists(String name) throws IOException {
    Files.createFile(folder.resolve(name));
  }

  private List<String> lines(String name) throws IOException {
    var file = folder.resolve(name);
    return Files.exists(file) ? Files.readAllLines(file, StandardCharsets.UTF_8) : List.of();
  }

  /**
   * The end of a start.
   *
   * @param name of the cache; empty if there is none
   */
  private record Result(String name, String said) {}

  /** Returns the cache of a server with this {@code CHOWDER_STORAGE_URL}. */
  private Result ensure(String storage) {
    var root = Path.of("..").toAbsolutePath().normalize();
    return ensure(
        new Layout(root, folder.resolve("app"), folder.resolve("java"), folder.resolve("cache")),
        storage);
  }

  private Result ensure(Layout layout, String storage) {
    var test = test(storage);
    var site = test.site();
    var cache =
        new AotCache(new Site(layout, site.variables(), site.notices()), this::postgres).ensure();
    return new Result(cache.map(file -> file.getFileName().toString()).orElse(""), test.messages());
  }

  private Optional<PostgresPrograms> postgres() {
    return Files.exists(folder.resolve("postgres-is-installed"))
        ? Optional.of(new PostgresPrograms(folder.resolve("postgres")))
        : Optional.empty();
  }

  private Site site(Layout layout, String storage) {
    var site = test(storage).site();
    return new Site(layout, site.variables(), site.notices());
  }

  private TestSite test(String storage) {
    return TestSite.in(
        folder,
        Map.of(
            "CHOWDER_STORAGE_URL",
            storage,
            "CHOWDER_STORAGE_PASSWORD",
            "password-of-the-operator",
            "TMPDIR",
            folder.resolve("temporary").toString()));
  }
}
