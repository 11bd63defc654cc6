package dev.chowder.checks.release;

import dev.chowder.checks.Project;
import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * The release that the checks of this process use. {@code -Dchowder-tool.release=FOLDER} or {@code
 * CHOWDER_RELEASE} names an unpacked release, or a folder with its archive. Otherwise {@code
 * scripts/release} builds one, once for all checks.
 */
public final class Releases {
  private static final Duration BUILD_LIMIT = Duration.ofMinutes(60);
  private static final Duration COPY_LIMIT = Duration.ofMinutes(5);
  private static final String ARCHIVE = ".tar.gz";
  private static Optional<Path> source = Optional.empty();

  private Releases() {}

  /**
   * Unpacks or copies the release, with the times of its files, into a new folder.
   *
   * @return the folder
   */
  public static Path unpack(Path folder) {
    return unpack(source(), folder);
  }

  private static synchronized Path source() {
    if (source.isEmpty()) source = Optional.of(named().orElseGet(Releases::build));
    return source.get();
  }

  private static Optional<Path> named() {
    var property = System.getProperty("chowder-tool.release", "");
    var name = property.isEmpty() ? System.getenv().getOrDefault("CHOWDER_RELEASE", "") : property;
    return name.isEmpty() ? Optional.empty() : Optional.of(Path.of(name));
  }

  /** Does not use {@code target/release}, which is the developer's. */
  private static Path build() {
    var project = Project.here();
    var folder = project.file("checks/target/release");
    System.out.println("Building a release ...");
    var _ = Program.of("rm", "-rf", folder.toString()).run();
    var _ =
        Program.of(project.file("scripts/release").toString(), folder.toString())
            .within(BUILD_LIMIT)
            .shown()
            .run();
    return folder;
  }

  /**
   * As above.
   *
   * @throws IllegalStateException if the source is no release, or has a wrong checksum
   */
  static Path unpack(Path source, Path folder) {
    try {
      Files.createDirectories(Objects.requireNonNull(folder.getParent()));
      if (Files.isExecutable(source.resolve("runtime/bin/java"))) {
        var _ =
            Program.of("cp", "-a", source.toString(), folder.toString()).within(COPY_LIMIT).run();
        return folder;
      }
      var archive = archive(source);
      checkSum(source);
      Files.createDirectory(folder);
      var _ =
          Program.of("tar", "-C", folder.toString(), "--strip-components=1", "-xzf")
              .and(archive.toString())
              .within(COPY_LIMIT)
              .run();
      return folder;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static Path archive(Path source) throws IOException {
    try (var files = Files.list(source)) {
      var archives = files.filter(file -> file.toString().endsWith(ARCHIVE)).toList();
      if (archives.size() == 1) return archives.getFirst();
      throw new IllegalStateException(
          "chowder-tool.release: must be an unpacked release or a folder with its archive; got "
              + source);
    }
  }

  /** As a user checks a download. */
  private static void checkSum(Path source) {
    var check = "sha256sum -c --quiet ./*.sha256";
    if (!Program.of("sh", "-c", check).in(source).within(COPY_LIMIT).succeeds()) {
      throw new IllegalStateException("the archive has a wrong checksum: " + source);
    }
  }
}
