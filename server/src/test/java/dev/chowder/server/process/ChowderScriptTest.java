package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests when {@code scripts/chowder} builds the command line, and how it starts it. */
@Timeout(60)
class ChowderScriptTest {
  /** The scripts that it reads before a build. These count the builds. */
  private static final String LIBRARY =
      """
      cli_ensure() { CLI="$CACHE/cli/built"; mkdir -p "$CLI"; touch "$CLI/complete"; echo built >>"$ROOT/builds"; }
      cli_aot_ensure() { export OF_SCRIPTS=yes; }
      cli_start_write() { printf '%s\\n' "$CLI" "$ROOT/java" "-cp" "a b/*" dev.chowder.cli.Main >"$1"; }
      """;

  /** The script that builds the commands of operators, and counts its builds. */
  private static final String BUILD =
      """
      build_ensure() { APP=app JAVA_HOME="$ROOT/jdk" && echo app >>"$ROOT/builds"; }
      """;

  /** Prints its arguments instead of starting a JVM. */
  private static final String JAVA =
      """
      #!/bin/sh
      for argument in "$@"; do echo "$argument"; done
      echo "$OF_SCRIPTS"
      umask >"$(dirname "$0")/umask"
      exit 7
      """;

  private final Map<String, String> variables = new HashMap<>();
  @TempDir Path folder;

  @BeforeEach
  void createSources() throws IOException {
    var root = Files.createDirectories(folder.resolve("root"));
    Files.writeString(root.resolve("pom.xml"), "all");
    for (var module : List.of("proto", "client", "cli")) {
      var main = Files.createDirectories(root.resolve(module).resolve("src/main"));
      Files.writeString(main.resolve("A.java"), module);
      Files.writeString(root.resolve(module).resolve("pom.xml"), module);
    }
    Files.createDirectories(folder.resolve("cache/cli"));
    var library = Files.createDirectories(root.resolve("scripts/lib"));
    for (var part : List.of("common", "java")) {
      Files.writeString(library.resolve(part + ".sh"), "");
    }
    Files.writeString(library.resolve("build.sh"), BUILD);
    Files.writeString(library.resolve("cli.sh"), LIBRARY);
    Files.copy(Path.of("../scripts/chowder"), root.resolve("scripts/chowder"));
    var executable = PosixFilePermissions.fromString("rwxr-xr-x");
    Files.setPosixFilePermissions(root.resolve("scripts/chowder"), executable);
    Files.setPosixFilePermissions(Files.writeString(root.resolve("java"), JAVA), executable);
    var jvm = Files.createDirectories(root.resolve("jdk/bin")).resolve("java");
    Files.createSymbolicLink(jvm, root.resolve("java"));
    // Older than the build, whatever the resolution of the clock of files is.
    try (var files = Files.walk(root)) {
      for (var file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
      }
    }
  }

  @Test
  void theCommandLineGetsItsArgumentsAndNoSettingsOfScripts() throws Exception {
    assertThat(run("chat", "my agent", ""))
        .containsExactly(
            "-Dchowder-tool.terminals=",
            "-cp",
            "a b/*",
            "dev.chowder.cli.Main",
            "chat",
            "my agent",
            "",
            "");
  }

  @Test
  void commandsOfOperatorsGetTheirFoldersAndTheirName() throws Exception {
    var root = folder.resolve("root").toRealPath();
    assertThat(run("admin", "call", "SetTier", "{\"tier\": \"crab\"}", ""))
        .startsWith("-Xmx512m")
        .contains(
            "-Dchowder-tool.terminals=", "-Dchowder-tool.root=" + root, "-Dchowder-tool.app=app")
        .containsSequence("-cp", "app/operate/*:app/server/chowder-server.jar")
        .endsWith(
            "dev.chowder.operate.Main", "admin", "call", "SetTier", "{\"tier\": \"crab\"}", "", "");
    assertThat(Files.readAllLines(folder.resolve("root/builds"))).containsExactly("app");
    // Only the user of the installation may read its files.
    assertThat(Files.readString(folder.resolve("root/jdk/bin/umask")).strip()).endsWith("077");
  }

  /**
   * The settings of nodes and the size of their heap; only a long command needs the C2 compiler.
   */
  @Test
  void commandsOfOperatorsGetOptionsOfNodes() throws Exception {
    variables.put(
        "CHOWDER_JAVA_OPTS", "-Xmx2g -XX:+UseZGC  -Dchowder.pool.max-size=2 -Dchowder.audit=a*");
    for (var name : List.of("up", "down", "swap", "container", "developer")) {
      assertThat(run(name, "--option", "a b"))
          .containsSequence("-Xmx512m", "-Xmx2g", "-Dchowder.pool.max-size=2", "-Dchowder.audit=a*")
          .contains("-XX:TieredStopAtLevel=1")
          .doesNotContain("-XX:+UseZGC")
          .endsWith("dev.chowder.operate.Main", name, "--option", "a b", "");
    }
    assertThat(run("admin", "ls")).doesNotContain("-XX:TieredStopAtLevel=1");
  }

  @Test
  void onlyAChangeBuildsAgain() throws Exception {
    run("ls");
    run("ls");
    assertThat(builds()).isEqualTo(1);
    change("cli/src/main/A.java");
    run("ls");
    assertThat(builds()).isEqualTo(2);
    run("ls");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void aBuildThatWasRemovedIsBuiltAgain() throws Exception {
    run("ls");
    Files.delete(folder.resolve("cache/cli/built/complete"));
    run("ls");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void anotherJvmIsFoundIfTheLastOneWasRemoved() throws Exception {
    run("ls");
    var java = folder.resolve("root/java");
    Files.move(java, folder.resolve("root/other"));
    var library = folder.resolve("root/scripts/lib/cli.sh");
    Files.writeString(library, Files.readString(library).replace("$ROOT/java", "$ROOT/other"));
    assertThat(run("ls")).contains("dev.chowder.cli.Main");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void aLinkToTheScriptWorks() throws Exception {
    var link = folder.resolve("chowder");
    Files.createSymbolicLink(link, folder.resolve("root/scripts/chowder"));
    assertThat(runScript(link, "ls")).contains("dev.chowder.cli.Main", "ls");
  }

  @Test
  void aSourceThatChangesDuringABuildIsBuiltByTheNextStart() throws Exception {
    var library = folder.resolve("root/scripts/lib/cli.sh");
    Files.writeString(
        library,
        Files.readString(library)
            .replace(
                "cli_ensure() {",
                // The clock of files has ticks of some milliseconds.
                "cli_ensure() { sleep 0.1; touch \"$ROOT/cli/src/main/A.java\"; sleep 0.1;"));
    run("ls");
    run("ls");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void aReleaseBuildsNothingAndCanBeMoved() throws Exception {
    var release = folder.resolve("root/app");
    Files.createDirectories(release.resolve("cli"));
    Files.writeString(release.resolve("complete"), "");
    Files.writeString(
        release.resolve("cli/start"), "@ROOT@/app/cli\n@ROOT@/java\n-cp\n@ROOT@/app/cli/a.jar\n");
    var moved = folder.resolve("a release & more");
    Files.move(folder.resolve("root"), moved);
    assertThat(runScript(moved.resolve("scripts/chowder"), "ls"))
        .containsExactly(
            "-Dchowder-tool.terminals=", "-cp", moved.toRealPath() + "/app/cli/a.jar", "ls", "");
    assertThat(moved.resolve("builds")).doesNotExist();
  }

  @Test
  void argumentsAreUtf8AlsoWithoutALocale() throws Exception {
    Files.writeString(folder.resolve("root/java"), "#!/bin/sh\necho \"$LC_ALL\"\nexit 7\n");
    assertThat(run("ls")).containsExactly("C.UTF-8");
    assertThat(run("admin", "audit", "ls")).containsExactly("C.UTF-8");
    variables.put("LC_ALL", "POSIX");
    assertThat(run("ls")).containsExactly("C.UTF-8");
    variables.put("LC_ALL", "de_DE.utf8");
    assertThat(run("ls")).containsExactly("de_DE.utf8");
  }

  @Test
  void upAndDownAreAlsoScripts() throws Exception {
    for (var name : List.of("up", "down")) {
      var script = folder.resolve("root/scripts").resolve(name);
      Files.copy(Path.of("../scripts").resolve(name), script);
      assertThat(runScript(script, "--option", "a b"))
          .endsWith("dev.chowder.operate.Main", name, "--option", "a b", "");
    }
  }

  /** Makes the source newer than the last build, and older than the next one. */
  private void change(String file) throws IOException {
    var start = folder.resolve("cache/cli");
    try (var files = Files.list(start)) {
      for (var one : files.filter(Files::isRegularFile).toList()) {
        Files.setLastModifiedTime(one, FileTime.from(Instant.now().minusSeconds(30)));
      }
    }
    Files.setLastModifiedTime(
        folder.resolve("root").resolve(file), FileTime.from(Instant.now().minusSeconds(20)));
  }

  private int builds() throws IOException {
    return Files.readAllLines(folder.resolve("root/builds")).size();
  }

  private List<String> run(String... arguments) throws Exception {
    return runScript(folder.resolve("root/scripts/chowder"), arguments);
  }

  private List<String> runScript(Path script, String... arguments) throws Exception {
    var command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectError(folder.resolve("said").toFile());
    builder.environment().put("CHOWDER_CACHE", folder.resolve("cache").toString());
    builder.environment().remove("OF_SCRIPTS");
    builder.environment().remove("CHOWDER_JAVA_OPTS");
    builder.environment().keySet().removeIf(name -> name.equals("LANG") || name.startsWith("LC_"));
    builder.environment().putAll(variables);
    var process = builder.start();
    process.getOutputStream().close();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("said"))).isEqualTo(7);
    return printed.lines().toList();
  }
}
