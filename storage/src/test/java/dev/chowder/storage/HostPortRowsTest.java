package dev.chowder.storage;

import java.nio.file.Path;

/** Uses an H2 file. */
class HostPortRowsTest extends HostPortRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
