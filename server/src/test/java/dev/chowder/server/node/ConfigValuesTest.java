package dev.chowder.server.node;

import java.util.Map;

/** On a file of H2. */
class ConfigValuesTest extends ConfigValuesContract {
  @Override
  Map<String, Object> storage() {
    return Map.of();
  }

  @Override
  void drop() {}
}
