package dev.chowder.client.context;

import java.nio.file.Path;
import java.util.Map;

/** The home folder of the user. */
final class Home {
  private Home() {}

  static Path of(Map<String, String> variables) {
    var home = variables.getOrDefault("HOME", "");
    return Path.of(home.isEmpty() ? System.getProperty("user.home", ".") : home);
  }
}
