package dev.chowder.instance;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Runs the contract on an H2 file. */
class InstancesTest extends InstancesContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
