package dev.chowder.checks;

import dev.chowder.program.ProgramException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Provides the programs of others that checks run. Each method returns one, or the folder of its
 * programs, in the cache, and installs it if it is missing.
 */
public final class CheckPrograms {
  private static final String BUF = "1.75.0";
  private static final String BUF_PROGRAM = "node_modules/.bin/buf";
  private static final String DETECT_SECRETS = "1.5.0";

  /** The newest version that Go 1.26 builds. */
  private static final String OSV_SCANNER = "v2.5.0";

  private static final Duration OSV_SCANNER_LIMIT = Duration.ofMinutes(25);
  private static final String BENCH_REQUIREMENTS = "bench/requirements.txt";
  private static final String SCHEMATHESIS_REQUIREMENTS =
      "checks/src/main/resources/dev/chowder/checks/schemathesis.txt";

  private CheckPrograms() {}

  /**
   * Installs the programs of the checks of every run before the first test, for {@code
   * scripts/test}. It has no arguments.
   */
  public static void main(String[] arguments) {
    var project = Project.here();
    try {
      var _ = buf(project);
      var _ = schemathesis(project);
      var _ = detectSecrets(project);
      var _ = benchPython(project);
      var _ = osvScanner(project);
    } catch (IllegalStateException | ProgramException | UncheckedIOException failed) {
      System.err.println("chowder: " + failed.getMessage());
      System.exit(1);
    }
  }

  /** Returns Buf. */
  static Path buf(Project project) {
    return project
        .cached("buf")
        .version(BUF, BUF_PROGRAM, to -> Install.npm(to, "@bufbuild/buf@" + BUF))
        .resolve(BUF_PROGRAM);
  }

  /** Returns the folder of schemathesis and the validator of OpenAPI documents. */
  static Path schemathesis(Project project) {
    return python(project, project.cached("schemathesis"), SCHEMATHESIS_REQUIREMENTS);
  }

  /** Returns the folder of Python with the packages of the bench. */
  static Path benchPython(Project project) {
    return python(project, project.cached("bench-python"), BENCH_REQUIREMENTS);
  }

  private static Path python(Project project, CacheFolder folder, String requirements) {
    return folder
        .only(
            project.contentKey(requirements),
            "complete",
            to -> Install.python(project, to, "-r", project.file(requirements).toString()))
        .resolve("bin");
  }

  /** Returns the folder of detect-secrets. */
  static Path detectSecrets(Project project) {
    return project
        .cached("detect-secrets")
        .version(
            DETECT_SECRETS,
            "bin/detect-secrets-hook",
            to -> Install.python(project, to, "detect-secrets==" + DETECT_SECRETS))
        .resolve("bin");
  }

  /** Returns osv-scanner. */
  public static Path osvScanner(Project project) {
    return Install.go(
            project,
            "osv-scanner",
            OSV_SCANNER,
            OSV_SCANNER_LIMIT,
            "github.com/google/osv-scanner/v2/cmd/osv-scanner")
        .resolve("osv-scanner");
  }
}
