package dev.chowder.instance;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Measures an H2 file. */
class LongRecoveryTest extends LongRecoveryContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }

  @Override
  String range() {
    return "(SELECT X AS n FROM SYSTEM_RANGE(%d, %d))";
  }
}
