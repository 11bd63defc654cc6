package dev.chowder.storage;

import java.nio.file.Path;

/** On a file of H2. */
class EventRowsTest extends EventRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Override
  String dialect() {
    return "h2";
  }
}
