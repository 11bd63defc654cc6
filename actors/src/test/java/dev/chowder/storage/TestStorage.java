package dev.chowder.storage;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A database of a test's own, and a home in the directory that the test gives. */
public interface TestStorage extends AutoCloseable {
  /** A file of H2 in the home. */
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

  /** An empty database in the PostgreSQL that scripts/test has started; dropped at the end. */
  static TestStorage postgres(Path home) {
    return PostgresTestStorage.make(home);
  }

  /** The whole configuration; also for an actor system. */
  Config config();

  @Override
  void close();

  default Database open() {
    return Database.open(settings());
  }

  default StorageSettings settings() {
    return StorageSettings.from(config(), Map.of());
  }

  /** The whole configuration with its storage in this directory, in a file of H2. */
  static Config config(Path directory) {
    return config(directory, Map.of());
  }

  /** The same with other settings. */
  static Config config(Path directory, Map<String, Object> settings) {
    Map<String, Object> all = new HashMap<>();
    all.put("chowder.home", directory.toString());
    all.put("chowder.storage.pool-size", 4);
    all.putAll(settings);
    return ConfigFactory.load(
        ConfigFactory.parseMap(all).withFallback(ConfigFactory.parseResources("application.conf")));
  }

  static Database open(Path directory) {
    return Database.open(StorageSettings.from(config(directory)));
  }
}
