package dev.chowder.storage;

import com.typesafe.config.Config;
import dev.chowder.base.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;

/** A separate database for one test in a real PostgreSQL. */
final class PostgresTestStorage implements TestStorage {
  private static final String MUST_BE_SET =
      ": must be set; run scripts/test, which starts PostgreSQL (see CONTRIBUTING.md)";

  private final String name;
  private final Config config;

  private PostgresTestStorage(String name, Config config) {
    this.name = name;
    this.config = config;
  }

  static PostgresTestStorage make(Path home) {
    String name = "test_" + Ids.next().replace("-", "");
    administer("CREATE DATABASE " + name);
    return new PostgresTestStorage(
        name,
        TestStorage.config(
            home,
            Map.of(
                "chowder.storage.url",
                url(name),
                "chowder.storage.user",
                required("CHOWDER_TEST_POSTGRES_USER"),
                "chowder.storage.password-file",
                passwordFile(home).toString())));
  }

  static String url(String database) {
    return required("CHOWDER_TEST_POSTGRES_URL") + "/" + database;
  }

  String name() {
    return name;
  }

  @Override
  public Config config() {
    return config;
  }

  @Override
  public void close() {
    administer("DROP DATABASE " + name + " WITH (FORCE)");
  }

  static void administer(String statement) {
    try (var connection =
            DriverManager.getConnection(
                url("postgres"),
                required("CHOWDER_TEST_POSTGRES_USER"),
                required("CHOWDER_TEST_POSTGRES_PASSWORD"));
        var sql = connection.createStatement()) {
      sql.execute(statement);
    } catch (SQLException why) {
      throw new IllegalStateException(statement, why);
    }
  }

  private static Path passwordFile(Path home) {
    try {
      Path file = home.resolve("storage.password");
      Files.createDirectories(home);
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, required("CHOWDER_TEST_POSTGRES_PASSWORD"));
      return file;
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private static String required(String variable) {
    String value = System.getenv(variable);
    if (value == null || value.isBlank()) throw new IllegalStateException(variable + MUST_BE_SET);
    return value;
  }
}
