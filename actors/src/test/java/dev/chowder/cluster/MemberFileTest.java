package dev.chowder.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests when a file proves that the process named in it is dead. */
class MemberFileTest {
  @TempDir private Path home;
  private Path path;

  @BeforeEach
  void write() {
    path = home.resolve("members").resolve("9093");
    try (var file = MemberFile.lock(path)) {
      assertThat(file.predecessor()).isEmpty();
      file.write("node-1");
    }
  }

  @Test
  void aMovedFileStillNamesItsPredecessor() throws IOException {
    assertProves(path, true);
    var moved = Files.move(home.resolve("members"), home.resolve("moved"));
    assertProves(moved.resolve("9093"), true);
  }

  @Test
  void aCopiedFileNamesNoPredecessor() throws IOException {
    var copy = Files.copy(path, home.resolve("copy"), StandardCopyOption.COPY_ATTRIBUTES);
    assertProves(copy, false);
  }

  @Test
  void aFileFromAnotherMachineOrBootNamesNoPredecessor() throws IOException {
    var words = Files.readString(path).split(" ", 3);
    assertThat(words).hasSize(3);
    var otherBoot = "00000000-0000-4000-8000-000000000000";
    Files.writeString(path, words[0] + " " + otherBoot + " " + words[2]);
    assertProves(path, false);
  }

  @Test
  void aFileWithoutAnIdentityNamesNoPredecessor() throws IOException {
    Files.writeString(path, "node-1");
    assertProves(path, false);
  }

  private static void assertProves(Path path, boolean proves) {
    try (var file = MemberFile.lock(path)) {
      if (proves) assertThat(file.predecessor()).contains("node-1");
      else assertThat(file.predecessor()).isEmpty();
    }
  }
}
