package dev.chowder.server;

import com.typesafe.config.ConfigFactory;
import dev.chowder.storage.Database;
import dev.chowder.storage.StorageSettings;
import java.nio.file.Path;
import java.util.Map;

/** Databases for tests without a node. */
public final class TestDatabase {
  private TestDatabase() {}

  /** Opens an H2 file with all tables in this state directory. */
  public static Database open(Path home) {
    return Database.open(
        StorageSettings.from(
            ConfigFactory.load(
                ConfigFactory.parseMap(Map.of("chowder.home", home.toString()))
                    .withFallback(ConfigFactory.parseResources("application.conf")))));
  }
}
