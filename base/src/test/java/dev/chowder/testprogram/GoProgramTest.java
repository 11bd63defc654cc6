package dev.chowder.testprogram;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoProgramTest {
  private static final GoProgram NONE =
      new GoProgram("no-program", "v1.2.3", "example.invalid/no-program/cmd/server");

  @TempDir private Path folder;

  @Test
  void aBuiltProgramIsNotBuiltAgain() throws IOException {
    var bin = Files.createDirectories(folder.resolve("bin/no-program-v1.2.3"));
    var built =
        Files.createFile(
            bin.resolve("server"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    // Building this one would fail.
    assertThat(NONE.ensure(new SourceTree(folder, folder))).isEqualTo(built);
  }
}
