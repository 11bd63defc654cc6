package dev.chowder.testprogram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestProgramsTest {
  @TempDir private Path folder;

  @Test
  void theChosenChromiumIsUsed() throws IOException {
    var chosen =
        Files.createFile(
            folder.resolve("browser"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    assertThat(TestPrograms.here().chromium(chosen.toString())).isEqualTo(chosen);
  }

  @Test
  void aChosenChromiumMustBeExecutable() throws IOException {
    var chosen =
        Files.createFile(
            folder.resolve("browser"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    for (var wrong : new Path[] {chosen, folder, folder.resolve("none")}) {
      assertThatThrownBy(() -> TestPrograms.here().chromium(wrong.toString()))
          .isInstanceOf(ProgramException.class)
          .hasMessage("CHOWDER_CHROMIUM: must be an executable file; got " + wrong);
    }
  }
}
