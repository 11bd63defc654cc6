package dev.chowder.storage;

import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class HostRebindingRowsIT extends HostRebindingRowsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
