package dev.chowder.server.node;

import java.io.IOException;
import java.util.Map;

/** In the PostgreSQL that scripts/test has started. */
class ConfigValuesIT extends ConfigValuesContract {
  private final PostgresDatabase database = new PostgresDatabase("values");

  @Override
  Map<String, Object> storage() throws IOException {
    return database.settings(home);
  }

  @Override
  void drop() {
    database.drop();
  }
}
