package dev.chowder.instance;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Measures a real PostgreSQL. */
class LongRecoveryIT extends LongRecoveryContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }

  @Override
  String range() {
    return "generate_series(%d, %d) AS n";
  }
}
