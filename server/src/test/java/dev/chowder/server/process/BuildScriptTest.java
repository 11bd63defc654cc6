package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests which changes make {@code scripts/up} and {@code scripts/bench} build again. */
@Timeout(60)
class BuildScriptTest {
  private static final List<String> MODULES =
      List.of(
          "proto",
          "base",
          "sandbox",
          "storage",
          "openclaw",
          "simulator",
          "envoy",
          "actors",
          "server",
          "operate",
          "demo-model",
          "client",
          "cli",
          "bench");

  /**
   * Prints the folders of the server, the bench and the command line. Maven is simulated: it
   * records its arguments and copies a source of each module to its jar, except what {@code
   * MISSING} names. As in {@code scripts/test}, a failed function does not end the script by
   * itself.
   */
  private static final String SCRIPT =
      """
      set -euo pipefail
      for part in common build; do . "$2/$part.sh"; done
      BUILDS="$CHOWDER_HOME/builds"
      java_ensure() { :; }
      maven_ensure() { :; }
      timeout() {
        echo "${*: -4}" >>"$BUILDS"
        for module in server operate simulator demo-model cli bench; do
          mkdir -p "$module/target/lib"
          cp "$module/src/main/A.java" "$module/target/chowder-$module.jar"
        done
        touch {server,operate,simulator}/target/lib/shared.jar simulator/target/lib/jetty.jar
        touch operate/target/lib/{picocli,chowder-server-0}.jar
        mkdir -p proto/target/classes/chowder
        touch proto/target/classes/chowder/chowder.pb
        if [ -n "${MISSING:-}" ]; then rm -r "$MISSING"; fi
      }
      mkdir -p "$CHOWDER_HOME"
      "$3" "$1" || exit 3
      printf '%s %s %s' "${APP:-none}" "${BENCH_JAR:-none}" "${CLI:-none}"
      """;

  @TempDir Path folder;
  private Path sources;

  private record Built(Path app, Path bench, Path cli) {}

  @BeforeEach
  void createSources() throws IOException {
    sources = folder.resolve("sources");
    for (var module : MODULES) {
      var main = Files.createDirectories(sources.resolve(module).resolve("src/main"));
      Files.writeString(main.resolve("A.java"), "first " + module);
      Files.writeString(sources.resolve(module).resolve("pom.xml"), module);
    }
    Files.writeString(sources.resolve("envoy/envoy.yaml"), "static_resources:");
    Files.writeString(sources.resolve("envoy/openapi.json"), "{}");
    Files.writeString(sources.resolve("pom.xml"), "all");
  }

  @Test
  void aChangeOfTheBenchBuildsOnlyTheBench() throws Exception {
    var first = build("bench_ensure");
    assertThat(builds()).hasSize(2).last().asString().contains("-pl bench -am");
    Files.writeString(sources.resolve("bench/src/main/A.java"), "second bench");
    assertThat(build("build_ensure").app()).isEqualTo(first.app());
    assertThat(builds()).as("the server is not built").hasSize(2);
    var second = build("bench_ensure");
    assertThat(builds()).hasSize(3).last().asString().contains("-pl bench -am");
    assertThat(second.app()).isEqualTo(first.app());
    assertThat(second.bench()).hasContent("second bench");
    assertThat(first.bench()).hasContent("first bench");
    assertThat(build("bench_ensure")).isEqualTo(second);
    assertThat(builds()).hasSize(3);
  }

  /** The bench uses the classes of the protocol and of base, and calls the server. */
  @Test
  void aChangeOfTheServerBuildsOnlyTheServer() throws Exception {
    var first = build("bench_ensure");
    Files.writeString(sources.resolve("server/src/main/A.java"), "second server");
    var second = build("bench_ensure");
    assertThat(second.app()).isNotEqualTo(first.app());
    assertThat(second.app().resolve("server/chowder-server.jar")).hasContent("second server");
    assertThat(second.bench()).isEqualTo(first.bench());
    assertThat(builds()).hasSize(3).last().asString().contains("-pl !bench,!checks");
  }

  @Test
  void aChangeOfTheProtocolOfBaseOrOfAVersionBuildsBoth() throws Exception {
    var last = build("bench_ensure");
    for (var file :
        List.of("proto/src/main/A.java", "proto/pom.xml", "base/src/main/A.java", "pom.xml")) {
      Files.writeString(sources.resolve(file), "second " + file);
      var next = build("bench_ensure");
      assertThat(next.app()).as(file).isNotEqualTo(last.app());
      assertThat(next.bench()).as(file).isNotEqualTo(last.bench());
      last = next;
    }
    assertThat(builds()).hasSize(10);
  }

  /** Commands of operators contain these parts. */
  @Test
  void aChangeOfAPartOfCommandsBuildsTheServer() throws Exception {
    var last = build("build_ensure");
    for (var file :
        List.of(
            "operate/src/main/A.java",
            "client/src/main/A.java",
            "cli/src/main/A.java",
            "envoy/envoy.yaml")) {
      Files.writeString(sources.resolve(file), "second " + file);
      var next = build("build_ensure");
      assertThat(next.app()).as(file).isNotEqualTo(last.app());
      last = next;
    }
    assertThat(builds()).hasSize(5);
  }

  @Test
  void aBuildOfTheBenchRemovesOldJarsAndNoCopyOfOpenClaw() throws Exception {
    var copy = createOld(folder.resolve("cache/bench/openclaw-2026.1.1"));
    var jar = createOld(folder.resolve("cache/bench-jar/old"));
    var _ = build("bench_ensure");
    assertThat(copy).isDirectory();
    assertThat(jar).doesNotExist();
  }

  /** Returns the folder, which was last used long ago. */
  private static Path createOld(Path folder) throws IOException {
    Files.createDirectories(folder);
    return Files.setLastModifiedTime(
        folder, FileTime.from(Instant.now().minus(Duration.ofDays(60))));
  }

  @Test
  void aStartDoesNotBuildTheBench() throws Exception {
    assertThat(build("build_ensure").bench()).isEqualTo(Path.of("none"));
    assertThat(builds()).singleElement().asString().contains("-pl !bench,!checks");
  }

  @Test
  void aCommandForUsersBuildsOnlyTheCommandLine() throws Exception {
    var first = build("build_ensure");
    assertThat(first.cli().resolve("chowder-cli.jar")).hasContent("first cli");
    assertThat(build("cli_ensure").cli()).as("a start built it").isEqualTo(first.cli());
    assertThat(builds()).hasSize(1);
    Files.writeString(sources.resolve("cli/src/main/A.java"), "second cli");
    var second = build("cli_ensure");
    assertThat(builds()).hasSize(2).last().asString().contains("-pl cli -am");
    assertThat(second.cli().resolve("chowder-cli.jar")).hasContent("second cli");
    assertThat(first.cli().resolve("chowder-cli.jar")).hasContent("first cli");
  }

  @Test
  void librariesThatOnlyTheSimulatorUsesAreNotInTheFolderOfTheServer() throws Exception {
    var app = build("build_ensure").app();
    assertThat(app.resolve("server/lib")).isDirectoryContaining("glob:**/shared.jar");
    assertThat(app.resolve("server/lib/jetty.jar")).doesNotExist();
    assertThat(app.resolve("simulator/jetty.jar")).isRegularFile();
    assertThat(app.resolve("simulator/shared.jar")).doesNotExist();
  }

  @Test
  void commandsOfOperatorsHaveOnlyLibrariesThatTheServerDoesNotHave() throws Exception {
    var app = build("build_ensure").app();
    assertThat(app.resolve("operate/chowder-operate.jar")).hasContent("first operate");
    try (var files = Files.list(app.resolve("operate"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("chowder-operate.jar", "picocli.jar");
    }
    assertThat(app.resolve("server/lib/picocli.jar")).doesNotExist();
  }

  /** Maven leaves the libraries of earlier builds. */
  @Test
  void librariesOfAnEarlierBuildAreNotOnTheClassPath() throws Exception {
    for (var module : List.of("server", "operate", "simulator", "demo-model", "cli")) {
      var libraries = Files.createDirectories(sources.resolve(module).resolve("target/lib"));
      Files.writeString(libraries.resolve("chowder-simulator-0.jar"), "old");
    }
    var app = build("build_ensure").app();
    assertThat(app.resolve("server/lib/shared.jar")).isRegularFile();
    try (var files = Files.walk(app)) {
      assertThat(files).noneMatch(file -> file.endsWith("chowder-simulator-0.jar"));
    }
  }

  @Test
  void aCommandThatMustWorkWithoutABuildUsesTheNewestOne() throws Exception {
    var first = build("build_ensure");
    Files.writeString(sources.resolve("server/src/main/A.java"), "does not compile");
    assertThat(build("build_existing").app()).isEqualTo(first.app());
    assertThat(builds()).hasSize(1);
  }

  @Test
  void aBuildWithAFailedCopyIsNotComplete() throws Exception {
    for (var missing : List.of("demo-model/target/lib", "simulator/target/chowder-simulator.jar")) {
      var process = start("build_ensure", missing);
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(missing).isEqualTo(3);
      try (var files = Files.walk(folder.resolve("cache"))) {
        assertThat(files).as(missing).noneMatch(file -> file.endsWith("complete"));
      }
    }
    assertThat(build("build_ensure").app().resolve("demo-model/lib")).isDirectory();
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(folder.resolve("home/builds"));
  }

  private Built build(String function) throws Exception {
    var process = start(function, "");
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8).split(" ", -1);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("said"))).isZero();
    return new Built(Path.of(printed[0]), Path.of(printed[1]), Path.of(printed[2]));
  }

  private Process start(String function, String missing) throws IOException {
    var lib = Path.of("../scripts/lib").toRealPath().toString();
    var builder =
        new ProcessBuilder("bash", "-c", SCRIPT, "build", sources.toString(), lib, function)
            .redirectError(folder.resolve("said").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().put("CHOWDER_HOME", folder.resolve("home").toString());
    builder.environment().put("CHOWDER_CACHE", folder.resolve("cache").toString());
    builder.environment().put("MISSING", missing);
    return builder.start();
  }
}
