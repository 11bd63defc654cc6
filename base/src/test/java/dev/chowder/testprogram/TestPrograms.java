package dev.chowder.testprogram;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Provides the programs of others that tests run. Each method returns the path of one, which it
 * builds or installs if it is missing. An installation of Chowder needs none of them.
 */
public final class TestPrograms {
  private static final String CHROMIUM = "CHOWDER_CHROMIUM";

  private final SourceTree tree;

  TestPrograms(SourceTree tree) {
    this.tree = tree;
  }

  /**
   * Builds and installs all of them before the first test needs one, for {@code scripts/test}. It
   * has no arguments.
   */
  public static void main(String[] arguments) {
    var programs = here();
    try {
      var _ = programs.grpcurl();
      var _ = programs.toxiproxy();
      var _ = programs.stripeMock();
      var _ = programs.chromium();
      var _ = programs.faketime();
    } catch (ProgramException failed) {
      System.err.println("chowder: " + failed.getMessage() + ".");
      System.exit(1);
    }
  }

  /** Returns the programs for the sources that contain the working directory. */
  public static TestPrograms here() {
    return new TestPrograms(SourceTree.here());
  }

  /** Returns grpcurl, which the examples in documents use: that on the {@code PATH} first. */
  public Path grpcurl() {
    return Program.onPath("grpcurl")
        .orElseGet(
            () ->
                new GoProgram("grpcurl", "v1.9.3", "github.com/fullstorydev/grpcurl/cmd/grpcurl")
                    .ensure(tree));
  }

  /** Returns the server of toxiproxy, which cuts and slows connections. */
  public Path toxiproxy() {
    return new GoProgram("toxiproxy", "v2.12.0", "github.com/Shopify/toxiproxy/v2/cmd/server")
        .ensure(tree);
  }

  /** Returns Stripe's stripe-mock, which checks requests as Stripe does, and stores none. */
  public Path stripeMock() {
    return new GoProgram("stripe-mock", "v0.203.0", "github.com/stripe/stripe-mock").ensure(tree);
  }

  /**
   * Returns a Chromium for tests of the Control UI: that of the variable {@code CHOWDER_CHROMIUM},
   * a Chromium or Chrome on the {@code PATH}, or Debian's package.
   */
  public Path chromium() {
    return chromium(System.getenv().getOrDefault(CHROMIUM, ""));
  }

  Path chromium(String chosen) {
    if (chosen.isEmpty()) {
      return installed(
          "Chromium",
          "chromium",
          TestPrograms::chromiumOnPath,
          "install Chromium or Chrome, set %s to its path, and run this again".formatted(CHROMIUM));
    }
    var path = Path.of(chosen);
    if (!Files.isRegularFile(path) || !Files.isExecutable(path)) {
      throw new ProgramException(must(CHROMIUM, "be an executable file", chosen), null);
    }
    return path;
  }

  private static Optional<Path> chromiumOnPath() {
    return Stream.of("chromium", "google-chrome-stable", "google-chrome")
        .flatMap(name -> Program.onPath(name).stream())
        .findFirst();
  }

  /**
   * Returns the library of libfaketime for multi-threaded programs, with which a test sets the wall
   * clock of a process.
   */
  public Path faketime() {
    return installed(
        "libfaketime",
        "faketime",
        TestPrograms::faketimeLibrary,
        "install the package faketime and run this again");
  }

  private static Optional<Path> faketimeLibrary() {
    // Fails if a folder is missing.
    var found =
        Program.of("find", "/usr/lib", "/usr/lib64", "/usr/local/lib")
            .and("-name", "libfaketimeMT.so.1", "-print", "-quit")
            .attempt()
            .text();
    return Optional.of(found).filter(path -> !path.isEmpty()).map(Path::of);
  }

  private Path installed(
      String name, String debianPackage, Supplier<Optional<Path>> find, String remedy) {
    var before = find.get();
    if (before.isPresent()) return before.get();
    System.err.println("Installing %s (Debian package %s) ...".formatted(name, debianPackage));
    try {
      tree.packages().install(debianPackage);
    } catch (ProgramException failed) {
      throw new ProgramException(cannot("install " + name, remedy), failed);
    }
    return find.get()
        .orElseThrow(() -> new ProgramException(cannot("install " + name, remedy), null));
  }
}
