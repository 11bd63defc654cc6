package dev.chowder.checks.release;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HiddenToolsTest {
  @TempDir private Path home;

  @Test
  void theJdksAndTheRepositoryOfAUserAreFound() throws IOException {
    var jdk = home.resolve(".jdks/jdk-25");
    Files.createDirectories(jdk.resolve("bin"));
    assertThat(Files.createFile(jdk.resolve("bin/java")).toFile().setExecutable(true)).isTrue();
    Files.createDirectories(home.resolve(".jdks/other"));
    Files.createDirectories(home.resolve(".m2"));
    var real = home.toRealPath();
    assertThat(new HiddenTools(home).folders())
        .contains(real.resolve(".jdks/jdk-25"), home.resolve(".m2"))
        .doesNotContain(real.resolve(".jdks/other"));
  }
}
