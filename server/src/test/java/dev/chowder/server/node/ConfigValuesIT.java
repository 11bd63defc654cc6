package dev.chowder.server.node;

import java.io.IOException;
import java.util.Map;

/** Uses the PostgreSQL that {@code scripts/test} started. */
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
