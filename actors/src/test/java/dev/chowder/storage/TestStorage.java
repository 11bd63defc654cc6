package dev.chowder.storage;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.util.Map;

/** A database of a test's own, in the directory that the test gives. */
public final class TestStorage {
  private TestStorage() {}

  /** The whole configuration with its storage in this directory; also for an actor system. */
  public static Config config(Path directory) {
    return ConfigFactory.load(
        ConfigFactory.parseMap(
                Map.of(
                    "chowder.home",
                    ConfigValueFactory.fromAnyRef(directory.toString()),
                    "chowder.storage.pool-size",
                    ConfigValueFactory.fromAnyRef(4)))
            .withFallback(ConfigFactory.parseResources("application.conf")));
  }

  public static Database open(Path directory) {
    return Database.open(StorageSettings.from(config(directory)));
  }
}
