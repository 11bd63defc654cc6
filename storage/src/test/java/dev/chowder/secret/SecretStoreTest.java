package dev.chowder.secret;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.storage.TestStorage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Uses an H2 file. */
class SecretStoreTest extends SecretStoreContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Test
  void noSecretIsReadableInTheDatabaseFile() throws Exception {
    String small = "sk-canary-small";
    String large = "sk-canary-large-".repeat(1000);
    String open = "open-canary-that-the-search-must-find";
    secrets.put("o", "small", Secret.of(small));
    secrets.put("o", "large", Secret.of(large));
    secrets.put("o", open, Secret.of("value"));
    database.close();
    assertThat(filesContain(open)).as("the search works").isTrue();
    assertThat(filesContain(small)).isFalse();
    assertThat(filesContain("sk-canary-large-")).isFalse();
  }

  private boolean filesContain(String text) throws IOException {
    try (Stream<Path> files = Files.walk(home.resolve("data"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text)) {
          return true;
        }
      }
    }
    return false;
  }
}
