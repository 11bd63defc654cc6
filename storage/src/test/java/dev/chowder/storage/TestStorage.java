package dev.chowder.storage;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A separate database for one test, and a state directory inside the test's directory. */
public interface TestStorage extends AutoCloseable {
  /** Returns storage with an H2 file in the state directory. */
  static TestStorage h2(Path home) {
    return new TestStorage() {
      @Override
      public Config config() {
        return TestStorage.config(home);
      }

      @Override
      public void close() {}
    };
  }

  /**
   * Returns an empty database in the PostgreSQL that scripts/test started; it is dropped on close.
   */
  static TestStorage postgres(Path home) {
    return PostgresTestStorage.make(home);
  }

  /** Returns the whole configuration, also for an actor system. */
  Config config();

  @Override
  void close();

  default Database open() {
    return Database.open(settings());
  }

  default StorageSettings settings() {
    return StorageSettings.from(config(), Map.of());
  }

  /** Returns the whole configuration with an H2 file in this directory. */
  static Config config(Path directory) {
    return config(directory, Map.of());
  }

  /** Returns the whole configuration with an H2 file in this directory and with these settings. */
  static Config config(Path directory, Map<String, Object> settings) {
    Map<String, Object> all = new HashMap<>();
    all.put("chowder.home", directory.toString());
    all.put("chowder.storage.max-connections", 4);
    all.putAll(settings);
    return ConfigFactory.load(
        ConfigFactory.parseMap(all).withFallback(ConfigFactory.parseResources("application.conf")));
  }

  static Database open(Path directory) {
    return Database.open(StorageSettings.from(config(directory)));
  }
}
