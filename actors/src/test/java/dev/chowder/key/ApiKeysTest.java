package dev.chowder.key;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** On a file of H2. */
class ApiKeysTest extends ApiKeysContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
