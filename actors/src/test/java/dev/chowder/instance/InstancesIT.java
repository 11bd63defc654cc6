package dev.chowder.instance;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Runs the contract on PostgreSQL. */
class InstancesIT extends InstancesContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
