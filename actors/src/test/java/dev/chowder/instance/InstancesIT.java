package dev.chowder.instance;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** On a real PostgreSQL. */
class InstancesIT extends InstancesContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
