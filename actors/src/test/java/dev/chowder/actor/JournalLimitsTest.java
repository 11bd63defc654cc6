package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.storage.StorageSettings;
import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks that Pekko's limits for the database are above Chowder's own. */
class JournalLimitsTest {
  @ParameterizedTest
  @ValueSource(strings = {"jdbc-journal", "jdbc-snapshot-store"})
  void callsEndByTheLimitsOfTheDatabaseAndARecoveredDatabaseIsUsedSoon(
      String plugin, @TempDir Path home) {
    var config = TestStorage.config(home);
    var breaker = config.getConfig(plugin + ".circuit-breaker");
    var storage = StorageSettings.from(config);
    assertThat(breaker.getDuration("call-timeout"))
        .isGreaterThan(storage.journal().connectionTimeOut().plus(storage.limits().silence()));
    assertThat(breaker.getDuration("reset-timeout")).isLessThanOrEqualTo(Duration.ofSeconds(5));
  }
}
