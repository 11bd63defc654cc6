package dev.chowder.secret;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** On a file of H2. */
class MasterKeyTest extends MasterKeyContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
