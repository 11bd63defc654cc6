package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheFolderTest {
  @TempDir private Path cache;

  @Test
  void aVersionIsFilledOnce() {
    var folder = new CacheFolder(cache.resolve("tool"));
    var first = folder.version("1", "program", to -> write(to, "program"));
    assertThat(first).isEqualTo(cache.resolve("tool/1")).isDirectoryContaining("glob:**/program");
    assertThat(folder.version("1", "program", CacheFolderTest::fail)).isEqualTo(first);
  }

  @Test
  void theMarkIsCreatedLast() {
    var folder = new CacheFolder(cache.resolve("tool"));
    var filled =
        folder.version("1", "complete", to -> assertThat(to.resolve("complete")).doesNotExist());
    assertThat(filled.resolve("complete")).exists();
  }

  @Test
  void aVersionThatIsNotCompleteIsFilledAgain() {
    var folder = new CacheFolder(cache.resolve("tool"));
    assertThatThrownBy(
            () ->
                folder.version(
                    "1",
                    "complete",
                    to -> {
                      write(to, "part");
                      fail(to);
                    }))
        .hasMessage("planted");
    var filled = folder.version("1", "complete", to -> write(to, "whole"));
    assertThat(filled.resolve("part")).doesNotExist();
    assertThat(filled.resolve("whole")).exists();
  }

  @Test
  void otherVersionsAreRemovedOnlyOnRequest() {
    var folder = new CacheFolder(cache.resolve("tool"));
    var first = folder.version("1", "complete", to -> {});
    var second = folder.version("2", "complete", to -> {});
    assertThat(first).exists();
    assertThat(folder.only("3", "complete", to -> {})).exists();
    assertThat(first).doesNotExist();
    assertThat(second).doesNotExist();
  }

  private static void write(Path folder, String name) throws IOException {
    Files.writeString(folder.resolve(name), name);
  }

  private static void fail(Path folder) {
    throw new IllegalStateException("planted");
  }
}
