package dev.chowder.checks;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/** Installs programs of others into folders, from the registries of npm, Python and Go. */
public final class Install {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private Install() {}

  /** Installs packages of npm, each as {@code NAME@VERSION}, into {@code node_modules}. */
  public static void npm(Path folder, String... packages) {
    required("npm", "install Node.js with npm");
    download(
        "install " + String.join(", ", packages) + " from npm",
        Program.of("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", ".")
            .and(packages)
            .in(folder)
            .within(LIMIT));
  }

  /**
   * Creates a virtual environment of Python with packages.
   *
   * @param requirements arguments of {@code pip install}
   */
  public static void python(Project project, Path folder, String... requirements) {
    required("python3", "install Python with its venv module");
    if (!Program.of("python3", "-c", "import venv, ensurepip").succeeds()) {
      project.packages().install("python3-venv");
    }
    run(
        "create a virtual environment of Python",
        Program.of("python3", "-m", "venv", folder.toString()).within(LIMIT));
    download(
        "install " + String.join(" ", requirements) + " from PyPI",
        Program.of(folder.resolve("bin/pip").toString(), "install", "-q")
            .and(requirements)
            .within(LIMIT));
  }

  /**
   * Returns the folder of programs that Go builds from a module, once per version.
   *
   * @param limit how long a build may take
   * @param programs the paths of their packages
   */
  public static Path go(
      Project project, String name, String version, Duration limit, String... programs) {
    var last = programs[programs.length - 1];
    return project
        .cached("bin")
        .version(
            name + "-" + version,
            last.substring(last.lastIndexOf('/') + 1),
            folder -> build(folder, version, limit, programs));
  }

  private static void build(Path folder, String version, Duration limit, String... programs) {
    required("go", "install Go");
    download(
        "build " + String.join(", ", programs) + " " + version,
        Program.of("go", "install")
            .and(Stream.of(programs).map(one -> one + "@" + version).toArray(String[]::new))
            .with("GOBIN", folder.toString())
            .within(limit));
  }

  private static void required(String program, String remedy) {
    if (DebianPackages.has(program)) return;
    throw new IllegalStateException(cannot("run " + program, "it was not found", remedy));
  }

  /** Runs a program. An error has all of its output. */
  static void run(String what, Program program) {
    require(what, program.attempt());
  }

  private static void download(String what, Program program) {
    require(what, program.attempt(Program.DOWNLOAD_PAUSES));
  }

  private static void require(String what, Program.Result result) {
    if (result.succeeded()) return;
    throw new IllegalStateException(
        cannot(what, "exit code " + result.exit()) + "\n" + result.output() + result.errors());
  }
}
