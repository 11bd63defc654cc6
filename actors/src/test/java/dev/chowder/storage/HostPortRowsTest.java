package dev.chowder.storage;

import java.nio.file.Path;

/** On a file of H2. */
class HostPortRowsTest extends HostPortRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
