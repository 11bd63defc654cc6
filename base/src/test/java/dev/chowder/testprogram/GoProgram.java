package dev.chowder.testprogram;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * A program that is built from its Go module once per version.
 *
 * @param name the name for users
 * @param version of the module, such as {@code v1.9.3}
 * @param packagePath the Go package of the program, such as {@code
 *     github.com/fullstorydev/grpcurl/cmd/grpcurl}
 * @param limit after this time, a build fails
 */
public record GoProgram(String name, String version, String packagePath, Duration limit) {
  private static final Duration LIMIT = Duration.ofMinutes(10);

  public GoProgram(String name, String version, String packagePath) {
    this(name, version, packagePath, LIMIT);
  }

  /**
   * Returns the program, and builds it if the cache has none. Only one process builds it at a time.
   *
   * @param tree has the cache of the programs
   * @throws ProgramException if it cannot be built
   */
  public Path ensure(SourceTree tree) {
    var folder = tree.cache().resolve("bin").resolve(name + "-" + version);
    var program = folder.resolve(Path.of(packagePath).getFileName());
    // A file lock is for other processes only.
    synchronized (GoProgram.class) {
      try {
        Files.createDirectories(folder);
        try (var file =
                FileChannel.open(
                    folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            var _ = file.lock()) {
          if (!Files.isExecutable(program)) build(folder);
        }
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
    return program;
  }

  private void build(Path folder) {
    if (!DebianPackages.has("go")) {
      throw new ProgramException(
          cannot(
              "build %s from its Go module".formatted(name),
              "Go was not found",
              "install Go and run this again"),
          null);
    }
    System.err.println("Building %s %s ...".formatted(name, version));
    var _ =
        Program.of("go", "install", packagePath + "@" + version)
            .with("GOBIN", folder.toString())
            .within(limit)
            .run(Program.DOWNLOAD_PAUSES);
  }
}
