package dev.chowder.storage;

import java.nio.file.Path;

/** From H2 into H2. */
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
