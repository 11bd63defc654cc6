package dev.chowder.organization;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** On a file of H2. */
class OrganizationsTest extends OrganizationsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.h2(home);
  }
}
