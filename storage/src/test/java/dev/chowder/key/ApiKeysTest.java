package dev.chowder.key;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses an H2 file. */
class ApiKeysTest extends ApiKeysContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
