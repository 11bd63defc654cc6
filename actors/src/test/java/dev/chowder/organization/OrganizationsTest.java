package dev.chowder.organization;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses an H2 file. */
class OrganizationsTest extends OrganizationsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
