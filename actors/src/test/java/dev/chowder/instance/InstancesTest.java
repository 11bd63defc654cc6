package dev.chowder.instance;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** On a file of H2. */
class InstancesTest extends InstancesContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
