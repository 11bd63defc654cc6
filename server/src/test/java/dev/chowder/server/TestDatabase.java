package dev.chowder.server;

import com.typesafe.config.ConfigFactory;
import dev.chowder.storage.Database;
import dev.chowder.storage.StorageSettings;
import java.nio.file.Path;
import java.util.Map;

/** Databases of tests that need no node. */
public final class TestDatabase {
  private TestDatabase() {}

  /** Opens a file of H2 in this state directory, with all tables. */
  public static Database open(Path home) {
    return Database.open(
        StorageSettings.from(
            ConfigFactory.load(
                ConfigFactory.parseMap(Map.of("chowder.home", home.toString()))
                    .withFallback(ConfigFactory.parseResources("application.conf")))));
  }
}
