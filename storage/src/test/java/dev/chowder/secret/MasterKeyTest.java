package dev.chowder.secret;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses an H2 file. */
class MasterKeyTest extends MasterKeyContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
