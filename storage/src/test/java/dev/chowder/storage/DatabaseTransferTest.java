package dev.chowder.storage;

import java.nio.file.Path;

/** Transfers from H2 to H2. */
class DatabaseTransferTest extends DatabaseTransferContract {
  @Override
  TestStorage source(Path home) {
    return TestStorage.h2(home);
  }

  @Override
  TestStorage target(Path home) {
    return TestStorage.h2(home);
  }
}
