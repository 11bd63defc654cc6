package dev.chowder.organization;

import dev.chowder.storage.TestStorage;
import java.nio.file.Path;

/** Uses a real PostgreSQL. */
class OrganizationsIT extends OrganizationsContract {
  @Override
  TestStorage storage(Path home) {
    return TestStorage.postgres(home);
  }
}
