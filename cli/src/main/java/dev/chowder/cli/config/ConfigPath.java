package dev.chowder.cli.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/** Finds a value by the names that lead to it, as the API joins them. */
final class ConfigPath {
  private ConfigPath() {}

  /**
   * Returns a value; absent if there is none.
   *
   * @param path names joined by dots; {@code \.} is a dot in a name
   */
  static @Nullable JsonElement find(JsonObject config, String path) {
    JsonElement value = config;
    for (var name : path.split("(?<!\\\\)\\.", -1)) {
      if (!(value instanceof JsonObject object)) return null;
      value = object.get(name.replace("\\.", "."));
    }
    return value;
  }
}
