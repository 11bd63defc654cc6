package dev.chowder.secret;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class SecretStoreIT extends SecretStoreContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
