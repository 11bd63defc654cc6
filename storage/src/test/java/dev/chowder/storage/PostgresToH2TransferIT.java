package dev.chowder.storage;

import java.nio.file.Path;

/** Transfers from PostgreSQL to an H2 file. */
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
