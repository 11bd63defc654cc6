package dev.chowder.storage;

import java.nio.file.Path;

/** On a file of H2. */
class AuditRowsTest extends AuditRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
