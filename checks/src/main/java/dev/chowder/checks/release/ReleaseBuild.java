package dev.chowder.checks.release;

import dev.chowder.checks.Project;
import dev.chowder.checks.dependency.Licences;
import dev.chowder.checks.dependency.Sbom;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Puts together the archive of a release, with its own Java runtime and Envoy, for {@code
 * scripts/release}. docs/adr/0075 gives the reasons for its content.
 */
public record ReleaseBuild(Project project, Path stage, String version) {
  /**
   * {@code java.se} has everything that a library may load by name. The others are used by name
   * only, by Chowder, gRPC and Netty, or by operators for a diagnosis (jcmd).
   */
  private static final String RUNTIME_MODULES =
      "java.se,jdk.crypto.ec,jdk.httpserver,jdk.jcmd,jdk.jfr,jdk.management,jdk.management.agent,jdk.net,jdk.unsupported,jdk.zipfs";

  /** The scripts for operators and boots. The others build or test sources. */
  private static final List<String> COMMANDS = List.of("chowder", "up", "down");

  /** The files of {@code scripts/lib} that these, the server image and image/build read. */
  private static final List<String> PARTS =
      List.of(
          "build.sh",
          "common.sh",
          "container.sh",
          "docker.sh",
          "java.sh",
          "package_json.sh",
          "supervise");

  /** README.md and CHANGELOG.md link to the others. */
  private static final List<String> DOCUMENTS =
      List.of("LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs");

  private static final Pattern VERSION = Pattern.compile("(?m)^  <version>(.*)</version>$");

  /**
   * Records the cache of the command line in $1 with the runtime $2, and writes how to start it.
   */
  private static final String COMMAND_LINE =
      """
      for part in common java build cli; do . "$0/$part.sh"; done
      CLI="$1" JAVA_HOME="$2" CLI_AOT_CACHE="$1/cli.aot"
      cli_aot_record
      [ -s "$CLI_AOT_CACHE" ] || die "cannot build the release: see the log of the AOT training run above."
      cli_start_write "$CLI/start"
      """;

  /** A training run takes minutes on a busy machine. */
  private static final Duration LIMIT = Duration.ofMinutes(20);

  /**
   * Builds the archive and its SHA-256.
   *
   * @param arguments the folder for them, the folder with the built server, and that with the built
   *     command line for users
   */
  public static void main(String[] arguments) {
    try {
      build(arguments);
    } catch (ProgramException | IOException | IllegalStateException failed) {
      say("chowder: cannot build the release: %s.".formatted(failed.getMessage()));
      System.exit(1);
    }
  }

  private static void build(String[] arguments) throws IOException {
    var project = Project.here();
    var folder = Path.of(arguments[0]).toAbsolutePath();
    var version = version(project);
    var name = "chowder-%s-linux-x64".formatted(version);
    var work = Files.createTempDirectory("chowder-release");
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> Program.of("rm", "-rf", "--", work.toString()).succeeds()));
    var build = new ReleaseBuild(project, Files.createDirectory(work.resolve(name)), version);
    build.putPrograms(Path.of(arguments[1]));
    build.putScripts();
    build.train(work.resolve("home"));
    build.putCommandLine(Path.of(arguments[2]));
    build.putDocuments();
    build.putLicences();
    Files.createDirectories(folder);
    build.pack(folder.resolve(name + ".tar.gz"));
  }

  private static String version(Project project) throws IOException {
    var match = VERSION.matcher(Files.readString(project.file("pom.xml")));
    if (match.find()) return match.group(1);
    throw new IllegalStateException("pom.xml has no version");
  }

  private void putPrograms(Path app) throws IOException {
    copy(app, stage.resolve("app"));
    removeCaches(stage.resolve("app"));
    copy(project.file("image"), stage.resolve("image"));
    copy(project.file("deploy"), stage.resolve("deploy"));
    var envoy = Program.of(project.file("scripts/chowder").toString(), "developer", "envoy");
    Files.createDirectory(stage.resolve("envoy"));
    copy(Path.of(envoy.within(LIMIT).run().text()), stage.resolve("envoy/envoy"));
    say("Linking the Java runtime ...");
    run(
        Program.of(Path.of(System.getProperty("java.home", ""), "bin", "jlink").toString())
            .and("--add-modules", RUNTIME_MODULES, "--strip-debug", "--no-header-files")
            .and("--no-man-pages", "--compress", "zip-6")
            .and("--output", runtime().toString()));
  }

  private void putScripts() throws IOException {
    Files.createDirectories(stage.resolve("scripts/lib"));
    for (var name : COMMANDS) put("scripts/" + name);
    for (var name : PARTS) put("scripts/lib/" + name);
    Files.createDirectory(stage.resolve("bin"));
    Files.createSymbolicLink(stage.resolve("bin/chowder"), Path.of("../scripts/chowder"));
  }

  /**
   * Records the AOT caches with the jars and the runtime of the archive. The JVM accepts them also
   * after they were moved together.
   *
   * @param home an empty state directory
   */
  private void train(Path home) {
    for (var storage : List.of("h2", "postgresql")) {
      run(
          Program.of(stage.resolve("bin/chowder").toString(), "developer", "release-cache", storage)
              .with("CHOWDER_HOME", home.toString())
              // The JVM of a release has its own options.
              .without(Set.of("CHOWDER_JAVA_OPTS")));
    }
    // Only the training needs it.
    run(Program.of("rm", "-r", stage.resolve("app/simulator").toString()));
  }

  private void putCommandLine(Path built) throws IOException {
    var cli = stage.resolve("app/cli");
    copy(built, cli);
    removeCaches(cli);
    run(
        Program.of("bash", "-euo", "pipefail", "-c", COMMAND_LINE)
            .and(project.file("scripts/lib").toString(), cli.toString(), runtime().toString()));
    // The archive can be unpacked anywhere.
    var start = cli.resolve("start");
    Files.writeString(start, Files.readString(start).replace(stage.toString(), "@ROOT@"));
  }

  /** Puts the documents that describe this version. */
  void putDocuments() {
    for (var name : DOCUMENTS) put(name);
  }

  /** The runtime has its own licences in {@code runtime/legal}. */
  private void putLicences() throws IOException {
    Sbom.write(stage.resolve("app"), runtime(), version, stage.resolve("sbom.cdx.json"));
    Licences.write(stage.resolve("app"), stage.resolve("licences"));
  }

  private void pack(Path archive) throws IOException {
    // Every user may read the files.
    run(Program.of("chmod", "-R", "u+rwX,go+rX", stage.toString()));
    var part = archive.resolveSibling(archive.getFileName() + ".part");
    var folder = archive.resolveSibling("");
    // The JVM rejects an AOT cache if the time of a jar has changed, so the archive keeps times.
    run(
        Program.of("tar", "-C", stage.resolve("..").normalize().toString(), "--sort=name")
            .and("--owner=0", "--group=0", "--numeric-owner", "-czf", part.toString())
            .and(String.valueOf(stage.getFileName())));
    Files.move(part, archive, StandardCopyOption.ATOMIC_MOVE);
    var sum = Program.of("sha256sum", String.valueOf(archive.getFileName())).in(folder);
    Files.writeString(
        archive.resolveSibling(archive.getFileName() + ".sha256"),
        sum.within(LIMIT).run().output());
    say("Wrote %s (%d MiB).".formatted(archive, Files.size(archive) >> 20));
  }

  private Path runtime() {
    return stage.resolve("runtime");
  }

  private void put(String name) {
    copy(project.file(name), stage.resolve(name));
  }

  private static void copy(Path from, Path to) {
    run(Program.of("cp", "-a", from.toString(), to.toString()));
  }

  private static void removeCaches(Path folder) {
    run(Program.of("find", folder.toString(), "-name", "*.aot", "-delete"));
  }

  private static void run(Program program) {
    var _ = program.within(LIMIT).shown().run();
  }

  private static void say(String line) {
    System.err.println(line);
  }
}
