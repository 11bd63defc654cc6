package dev.chowder.checks;

import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Buf, which npm installs into the cache, and trees of the protocol for it.
 *
 * @param project whose protocol is checked
 * @param program the path of Buf
 */
record Buf(Project project, Path program) {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  /** The folder that {@code buf.yaml} names. */
  private static final String THIRD_PARTY = "target/third_party";

  /** Installs Buf, and unpacks the imported protos for it. */
  static Buf install(Project project) {
    ThirdPartyProtos.unpackTo(project.file("proto").resolve(THIRD_PARTY));
    return new Buf(project, CheckPrograms.buf(project));
  }

  /** Returns the folder of the protocol. */
  Path protocol() {
    return project.file("proto");
  }

  Program.Result run(String... arguments) {
    return Program.of(program.toString()).and(arguments).within(LIMIT).attempt();
  }

  /** Copies the protocol of this tree into a new folder. */
  Path copyTo(Path folder) {
    copy(protocol().resolve("src"), folder.resolve("src"));
    lendTo(folder);
    return folder;
  }

  /**
   * Unpacks the protocol of a commit into a new folder. It gets the settings and the imported
   * protos of this tree: Buf compares whole trees, and files that only one has would count as
   * deleted.
   */
  Path unpackTo(Path folder, String commit) {
    try {
      Files.createDirectories(folder);
      var archive = Files.createTempFile("chowder-", ".tar");
      try {
        var _ =
            Program.of("git", "archive", "-o", archive.toString(), commit, "proto/src/main/proto")
                .in(project.root())
                .run();
        var _ =
            Program.of("tar", "-xf", archive.toString(), "--strip-components=1").in(folder).run();
      } finally {
        Files.delete(archive);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    lendTo(folder);
    return folder;
  }

  private void lendTo(Path folder) {
    copy(protocol().resolve("buf.yaml"), folder.resolve("buf.yaml"));
    copy(protocol().resolve(THIRD_PARTY), folder.resolve(THIRD_PARTY));
  }

  private static void copy(Path from, Path to) {
    try {
      Files.createDirectories(to.getParent());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    var _ = Program.of("cp", "-r", from.toString(), to.toString()).run();
  }
}
