package dev.chowder.storage;

import java.nio.file.Path;

/** From PostgreSQL into a file of H2. */
class PostgresToH2TransferIT extends DatabaseTransferContract {
  @Override
  TestStorage source(Path home) {
    return TestStorage.postgres(home);
  }

  @Override
  TestStorage target(Path home) {
    return TestStorage.h2(home);
  }
}
