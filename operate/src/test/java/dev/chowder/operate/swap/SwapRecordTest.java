package dev.chowder.operate.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SwapRecordTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  @TempDir private Path folder;
  private Path record;

  @BeforeEach
  void setPath() {
    record = folder.resolve("record");
  }

  private SwapRecord lock() throws IOException {
    return SwapRecord.lock(record, SHORT);
  }

  /** Version 0.1.0 reads and writes these files. */
  @Test
  void theFilesAreThoseOfEarlierVersions() throws IOException {
    try (var written = lock()) {
      written.add("a", Path.of("/opt/a b"));
      written.setZram("1");
      written.setLoadedModule();
    }
    assertThat(record.resolve("users/a")).hasContent("/opt/a b\n");
    assertThat(record.resolve("zram")).hasContent("1\n");
    assertThat(record.resolve("module")).isEmptyFile();
    assertThat(record.resolve("lock")).isEmptyFile();
    assertThat(record.resolve("boot"))
        .hasContent(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")));
    for (var each : new Path[] {record, record.resolve("users")}) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
          .isEqualTo("rwxr-xr-x");
    }
  }

  @Test
  void oneCommandAtATimeChangesIt() throws IOException {
    try (var _ = lock()) {
      assertThatThrownBy(this::lock)
          .isInstanceOf(CommandException.class)
          .hasMessageContaining("another command changes the swap of this host");
    }
    lock().close();
  }

  @Test
  void aRemovedRecordIsCreatedAgain() throws IOException {
    try (var removed = lock()) {
      removed.add("a", folder);
      removed.delete();
      assertThat(record).doesNotExist();
      // The lock of the removed file means nothing.
      try (var next = lock()) {
        assertThat(next.homes()).isEmpty();
      }
    }
  }

  @Test
  void theRecordOfAnEarlierBootIsEmpty() throws IOException {
    try (var earlier = lock()) {
      earlier.add("a", folder);
      earlier.setZram("1");
      earlier.setLoadedModule();
    }
    Files.writeString(record.resolve("boot"), "another\n");
    try (var now = lock()) {
      assertThat(now.zram()).isEmpty();
      assertThat(now.homes()).isEmpty();
      assertThat(now.loadedModule()).isFalse();
    }
  }

  @Test
  void anInstallationWhoseDirectoryIsMissingIsForgotten() throws IOException {
    var home = Files.createDirectory(folder.resolve("home"));
    Files.writeString(home.resolve("cluster-id"), "a");
    try (var shared = lock()) {
      shared.add("a", home);
      shared.add("b", folder.resolve("missing"));
      shared.add("c", home);
      assertThat(shared.others()).containsExactly(home);
      assertThat(record.resolve("users")).isDirectoryNotContaining("glob:**/{b,c}");
      shared.remove("a");
      assertThat(shared.others()).isEmpty();
    }
  }
}
