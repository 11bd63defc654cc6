package dev.chowder.checks.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReleasesTest {
  @TempDir private Path work;
  private Path release;

  @BeforeEach
  void createRelease() throws IOException {
    release = work.resolve("chowder-1");
    Files.createDirectories(release.resolve("runtime/bin"));
    Files.writeString(release.resolve("runtime/bin/java"), "");
    assertThat(release.resolve("runtime/bin/java").toFile().setExecutable(true)).isTrue();
  }

  private Path archive() throws IOException {
    var folder = Files.createDirectory(work.resolve("archive"));
    var script =
        "tar -C .. -czf chowder-1.tar.gz chowder-1 && sha256sum chowder-1.tar.gz >chowder-1.tar.gz.sha256";
    var _ = Program.of("sh", "-c", script).in(folder).run();
    return folder;
  }

  @Test
  void anUnpackedReleaseIsCopied() {
    var copy = Releases.unpack(release, work.resolve("a folder/copy"));
    assertThat(copy.resolve("runtime/bin/java")).isExecutable();
  }

  @Test
  void anArchiveIsUnpacked() throws IOException {
    var copy = Releases.unpack(archive(), work.resolve("a folder/copy"));
    assertThat(copy.resolve("runtime/bin/java")).isExecutable();
  }

  @Test
  void anArchiveWithAWrongChecksumIsRejected() throws IOException {
    var folder = archive();
    Files.writeString(folder.resolve("chowder-1.tar.gz"), "other");
    assertThatThrownBy(() -> Releases.unpack(folder, work.resolve("copy")))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFolderWithoutAReleaseIsRejected() {
    assertThatThrownBy(() -> Releases.unpack(work, work.resolve("copy")))
        .isInstanceOf(IllegalStateException.class);
  }
}
