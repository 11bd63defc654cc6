package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThirdPartyProtosTest {
  @TempDir private Path folder;

  @Test
  void importedProtosAreUnpacked() {
    ThirdPartyProtos.unpackTo(folder);
    // Replaces the files of an earlier version.
    ThirdPartyProtos.unpackTo(folder);
    assertThat(folder.resolve("google/api/annotations.proto")).isNotEmptyFile();
    assertThat(folder.resolve("google/longrunning/operations.proto")).isNotEmptyFile();
    assertThat(folder.resolve("buf/validate/validate.proto")).isNotEmptyFile();
    assertThat(folder.resolve("google/cloud")).doesNotExist();
  }
}
