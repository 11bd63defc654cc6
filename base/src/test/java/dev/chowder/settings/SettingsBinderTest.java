package dev.chowder.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsBinderTest {
  private static final Config COMPLETE =
      ConfigFactory.parseString(
          """
          chowder.other.word = elsewhere
          chowder.part {
            max-open = 3, entries = 5000000000, share = 0.5, on = yes, mode = read-only, folder = /tmp/x
            call-timeout = 2s, poll-interval = 250ms, max-bytes = 64 KiB, many-bytes = 3 GiB
            delays = [0s, 1m], ports = "80, 443", hosts = "", name = "", user = me
            nested { max-open = 4 }
            low = -5, burst = 1 MiB
            methods { config.get { max-open = 5 }, connect.max-open = 6, other.max-opn = 7, max-open = 8 }
          }
          """);

  enum Mode {
    READ_ONLY,
    OFF
  }

  record Nested(int maxOpen) {}

  record Names(Optional<String> name, Optional<String> user) {}

  record Part(
      int maxOpen,
      long entries,
      double share,
      boolean on,
      Mode mode,
      Path folder,
      Duration callTimeout,
      Duration pollInterval,
      int maxBytes,
      long manyBytes,
      List<Duration> delays,
      @Setting(min = "1", max = "65535") Set<Integer> ports,
      List<String> hosts,
      Nested nested,
      @Setting(inline = true) Names names,
      @Setting("chowder.other.word") String text,
      @Setting(value = "low", min = "-10", max = "10") int least,
      @Setting(size = true) long burst,
      Map<String, Nested> methods) {}

  @Test
  void eachTypeIsReadByTheNameOfItsComponent() {
    assertThat(SettingsBinder.bind(COMPLETE, "chowder.part", Part.class))
        .isEqualTo(
            new Part(
                3,
                5_000_000_000L,
                0.5,
                true,
                Mode.READ_ONLY,
                Path.of("/tmp/x"),
                Duration.ofSeconds(2),
                Duration.ofMillis(250),
                65_536,
                3L << 30,
                List.of(Duration.ZERO, Duration.ofMinutes(1)),
                Set.of(80, 443),
                List.of(),
                new Nested(4),
                new Names(Optional.empty(), Optional.of("me")),
                "elsewhere",
                -5,
                1 << 20,
                Map.of("config.get", new Nested(5), "connect", new Nested(6))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          max-open        | many    | must be a whole number; got many
          max-open        | -1      | must be at least 0; got -1
          max-open        | 3000000000 | must be at most 2147483647; got 3000000000
          entries         | [1]     | must be a whole number; got [1]
          share           | half    | must be a number; got half
          share           | -0.1    | must be at least 0; got -0.1
          on              | perhaps | must be true or false; got perhaps
          mode            | on      | must be read-only or off; got on
          call-timeout    | soon    | must be a duration such as 30s; got soon
          call-timeout    | -1s     | must be at least 0; got -1s
          poll-interval   | 0s      | must be greater than 0; got 0s
          max-bytes       | 3 GiB   | must be at most 2147483647; got 3 GiB
          many-bytes      | a lot   | must be a size such as 64 KiB; got a lot
          delays          | [1m, x] | must be a duration such as 30s; got x
          ports           | '"80, 0"' | must be a whole number from 1 to 65535; got 0
          ports           | '"70000"' | must be a whole number from 1 to 65535; got 70000
          nested.max-open | none    | must be a whole number; got none
          low             | 11      | must be a whole number from -10 to 10; got 11
          """)
  void aWrongValueIsRejectedWithItsPathAndRule(String key, String value, String message) {
    var path = "chowder.part." + key;
    var config = ConfigFactory.parseString(path + " = " + value).withFallback(COMPLETE);
    assertThatThrownBy(() -> SettingsBinder.bind(config, "chowder.part", Part.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(path + ": " + message);
  }

  @Test
  void aMissingSettingIsNamed() {
    assertThatThrownBy(
            () ->
                SettingsBinder.bind(
                    COMPLETE.withoutPath("chowder.part.share"), "chowder.part", Part.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("chowder.part.share: must be set");
  }

  @Test
  void theErrorStatesThatTheValueIsAVariable() {
    var config =
        ConfigFactory.parseString("chowder.part.max-open = ${?PATH}")
            .resolveWith(ConfigFactory.systemEnvironment())
            .withFallback(COMPLETE);
    assertThatThrownBy(() -> SettingsBinder.bind(config, "chowder.part", Part.class))
        .hasMessageStartingWith("chowder.part.max-open: must be a whole number; got ")
        .hasMessageEndingWith(" (from the environment)");
  }

  record Checked(int maxOpen) {
    Checked {
      if (maxOpen == 3) throw new IllegalArgumentException("three");
    }
  }

  @Test
  void theErrorOfARecordIsThrownAsItIs() {
    assertThatThrownBy(() -> SettingsBinder.bind(COMPLETE, "chowder.part", Checked.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("three");
  }

  record Unsupported(Thread nested) {}

  @Test
  void aTypeThatNoSettingHasIsABug() {
    assertThatThrownBy(() -> SettingsBinder.bind(COMPLETE, "chowder.part", Unsupported.class))
        .isInstanceOf(IllegalStateException.class)
        .isNotInstanceOf(ConfigException.class)
        .hasMessageStartingWith("chowder.part.nested: ");
  }
}
