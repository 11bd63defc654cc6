package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.admission.AdmissionStep;
import dev.chowder.cluster.ClusterStep;
import dev.chowder.duty.DutyStep;
import dev.chowder.effect.EffectStep;
import dev.chowder.key.KeySettings;
import dev.chowder.remote.RemoteSettings;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.server.audit.AuditSettings;
import dev.chowder.server.auth.UnknownSettings;
import dev.chowder.server.channel.ChannelSettings;
import dev.chowder.server.file.FileSettings;
import dev.chowder.server.idempotency.IdempotencySettings;
import dev.chowder.server.rate.BodyLimit;
import dev.chowder.server.rate.RateSettings;
import dev.chowder.server.skill.SkillSettings;
import dev.chowder.server.watch.FleetWatchSettings;
import dev.chowder.settings.OldSettings;
import dev.chowder.simulator.FakeSandboxSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks the names of all settings and variables, and that the old ones are refused. */
class SettingNameRulesTest {
  private static final Pattern DURATION = Pattern.compile("[0-9]+(ms|s|m|h|d)");
  private static final Pattern NUMBER = Pattern.compile("[0-9.]+");
  private static final Pattern VARIABLE = Pattern.compile("CHOWDER_[A-Z_]+");

  /** A limit, a period, a pause, an age, the time that something is kept, a time of counting. */
  private static final Pattern DURATION_NAME =
      Pattern.compile("(.*-)?(timeout|interval|delay|age|retention|window)");

  /** A maximum or minimum, a rate, the size of a token bucket, a port, a share. */
  private static final Pattern NUMBER_NAME =
      Pattern.compile("(max|min)-.*|(.*-)?(per-second|per-hour|burst|port|share|percent)");

  /** Durations that something takes, as an estimate or in a simulation: nothing ends after them. */
  private static final Set<String> TIMES =
      Set.of(
          "chowder.effect.restart.processor-time",
          "chowder.host.boot-time",
          "chowder.sandbox.fake.boot-time",
          "chowder.sandbox.fake.reply-time",
          "chowder.sandbox.fake.task-time");

  /** Numbers that are neither limits nor rates. */
  private static final Set<String> NUMBERS =
      Set.of(
          // Amounts, as Docker names them.
          "chowder.sandbox.cpus",
          "chowder.sandbox.docker.oom-score-adj",
          // Thresholds from which on something applies.
          "chowder.cluster.required-contact-points",
          "chowder.rate.contention-calls-in-progress",
          "chowder.sleep.low-memory",
          // Factors.
          "chowder.rate.alone-factor",
          "chowder.rate.change-cost");

  /** All readers of settings of a node. */
  private static final List<Consumer<Config>> READERS =
      List.of(
          ServerSettings::of,
          ServiceSettings::of,
          ClusterStep.Settings::of,
          AdmissionStep.Settings::of,
          EffectStep.Settings::of,
          DutyStep.Settings::of,
          DockerSandboxSettings::from,
          RemoteSettings::of,
          AuditSettings::of,
          BodyLimit.Settings::of,
          ChannelSettings::of,
          FileSettings::of,
          FleetWatchSettings::of,
          IdempotencySettings::of,
          RateSettings::of,
          SkillSettings::of,
          UnknownSettings::of,
          KeySettings::from,
          FakeSandboxSettings::from);

  @Test
  void aDurationEndsInItsKindAndANumberStartsWithMaxOrMin() {
    var wrong = new TreeSet<String>();
    defaults()
        .forEach(
            (path, value) -> {
              var name = path.substring(path.lastIndexOf('.') + 1);
              var ofStage = path.startsWith("chowder.effect.stage-timeout.");
              if (DURATION.matcher(value).matches()) {
                if (!ofStage && !DURATION_NAME.matcher(name).matches() && !TIMES.contains(path)) {
                  wrong.add(path + " = " + value);
                }
              } else if (NUMBER.matcher(value).matches()
                  && !NUMBER_NAME.matcher(name).matches()
                  && !NUMBERS.contains(path)) {
                wrong.add(path + " = " + value);
              }
            });
    assertThat(wrong).isEmpty();
    assertThat(defaults()).containsKeys(TIMES.toArray(String[]::new));
    assertThat(defaults()).containsKeys(NUMBERS.toArray(String[]::new));
  }

  @Test
  void noNameContainsATermThatTheGlossaryReplaces() {
    var replaced =
        Pattern.compile(
            "(.*[-_.])?(limit|time-out|wait|patience|grace|every|again|remind|sweep|unborn|looks?"
                + "|notices|believed|settle|owed|rehearsal|console|keepalive)([-_.].*)?");
    var names = new TreeSet<>(defaults().keySet());
    settings().variables().forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
    assertThat(names).noneMatch(name -> replaced.matcher(name).matches());
  }

  @Test
  void everyOldNameIsRefusedWithTheNewOne() {
    OldSettings.reject(ConfigFactory.load(), Map.of());
    OldSettings.newNames()
        .forEach(
            (old, now) ->
                assertThatThrownBy(() -> rejectIfSet(old))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(old + " was renamed to " + now));
  }

  @Test
  void everyRemovedNameIsRefusedWithTheReason() {
    assertThat(OldSettings.removed())
        .containsKeys(
            "chowder.instances.max-labels",
            "CHOWDER_BENCH_ENVOY_ADMIN_PORT",
            "CHOWDER_FUZZ_ENVOY_ADMIN_PORT",
            "CHOWDER_RATE_LIGHT_FACTOR",
            "CHOWDER_ROLLING_ENVOY_ADMIN_PORT",
            "CHOWDER_SERVICES",
            "CHOWDER_TEST_ENVOY_ADMIN_PORT");
    OldSettings.removed()
        .forEach(
            (old, why) ->
                assertThatThrownBy(() -> rejectIfSet(old))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                        "cannot start: the %s %s was removed, because %s; do not set it"
                            .formatted(isVariable(old) ? "variable" : "setting", old, why)));
  }

  /** If several names are set, nodes of one installation name the same one. */
  @Test
  void theNamesAreSorted() {
    assertThat(List.copyOf(OldSettings.newNames().keySet())).isSorted();
    assertThat(List.copyOf(OldSettings.removed().keySet())).isSorted();
  }

  /** Sets the setting or the variable. */
  private static void rejectIfSet(String name) {
    if (isVariable(name)) OldSettings.reject(ConfigFactory.load(), Map.of(name, "100"));
    else OldSettings.reject(with(name), Map.of());
  }

  private static boolean isVariable(String name) {
    return name.startsWith("CHOWDER_");
  }

  @Test
  void everyNewNameExistsAndNoOldOneDoes() throws IOException {
    var names = new TreeSet<>(defaults().keySet());
    names.addAll(settings().variables());
    names.addAll(variablesOfScripts());
    assertThat(OldSettings.newNames()).isNotEmpty();
    assertThat(names).containsAll(OldSettings.newNames().values());
    assertThat(names).doesNotContainAnyElementsOf(OldSettings.newNames().keySet());
    assertThat(names).doesNotContainAnyElementsOf(OldSettings.removed().keySet());
  }

  @Test
  void aNodeRefusesToStartOnAnOldName() {
    var config =
        ConfigFactory.parseString("chowder.effect.ready-limit = 1m")
            .withFallback(ConfigFactory.load());
    assertThatThrownBy(() -> Chowder.start(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "chowder.effect.ready-limit was renamed to chowder.effect.ready-timeout");
  }

  @Test
  void aNodeRefusesToStartOnARemovedName() {
    assertThatThrownBy(() -> Chowder.start(with("chowder.instances.max-labels")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chowder.instances.max-labels was removed");
  }

  private static Config with(String setting) {
    return ConfigFactory.parseMap(Map.of(setting, "100")).withFallback(ConfigFactory.load());
  }

  @Test
  void theDefaultsAreValid() {
    assertThat(rejections(ConfigFactory.load())).isEmpty();
  }

  @Test
  void anIntervalOfZeroIsRejected() {
    var intervals = defaults().keySet().stream().filter(path -> path.endsWith("interval")).toList();
    assertThat(intervals).hasSizeGreaterThan(20);
    for (var path : intervals) {
      var config = ConfigFactory.parseMap(Map.of(path, "0s")).withFallback(ConfigFactory.load());
      assertThat(rejections(config))
          .as(path)
          .anyMatch(
              error -> error.matches(path + ": must be (greater than 0|at least \\d+m?s); got 0s"));
    }
  }

  /** Returns the errors of all readers of settings. */
  private static List<String> rejections(Config config) {
    var errors = new ArrayList<String>();
    for (var reader : READERS) {
      try {
        reader.accept(config);
      } catch (IllegalArgumentException rejected) {
        errors.add(String.valueOf(rejected.getMessage()));
      }
    }
    return errors;
  }

  private static Map<String, String> defaults() {
    return settings().defaults();
  }

  private static SettingsDocument settings() {
    try {
      return new SettingsDocument(MavenModules.files("src/main/resources/reference.conf"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<String> variablesOfScripts() throws IOException {
    var names = new TreeSet<String>();
    try (var files = Files.walk(Path.of("..", "scripts"))) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        VARIABLE.matcher(Files.readString(file)).results().forEach(m -> names.add(m.group()));
      }
    }
    return names;
  }
}
