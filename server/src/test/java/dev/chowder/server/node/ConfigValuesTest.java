package dev.chowder.server.node;

import java.util.Map;

/** Uses an H2 file. */
class ConfigValuesTest extends ConfigValuesContract {
  @Override
  Map<String, Object> storage() {
    return Map.of();
  }

  @Override
  void drop() {}
}
