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
import dev.chowder.settings.SettingNames;
import dev.chowder.settings.SettingsBinder;
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

/**
 * Checks the names of all settings and variables, and that unknown and removed ones are refused.
 */
class SettingNameRulesTest {
  private static final Pattern DURATION = Pattern.compile("[0-9]+(ms|s|m|h|d)");
  private static final Pattern NUMBER = Pattern.compile("[0-9.]+");

  /** Where a program reads a property of its JVM. */
  private static final Pattern PROPERTY =
      Pattern.compile("\\b(?:getProperty|getBoolean|getInteger|getLong)\\(\\s*\"(.*?)\"");

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
          // A range of users of the host.
          "chowder.sandbox.docker.first-user",
          "chowder.sandbox.docker.users",
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
          root -> SettingsBinder.bind(root, ServiceSettings.class),
          ClusterStep.Settings::of,
          root -> SettingsBinder.bind(root, AdmissionStep.Settings.class),
          root -> SettingsBinder.bind(root, EffectStep.Settings.class),
          root -> SettingsBinder.bind(root, DutyStep.Settings.class),
          DockerSandboxSettings::from,
          root -> SettingsBinder.bind(root, AuditSettings.class),
          root -> SettingsBinder.bind(root, BodyLimit.Settings.class),
          root -> SettingsBinder.bind(root, ChannelSettings.class),
          root -> SettingsBinder.bind(root, FileSettings.class),
          root -> SettingsBinder.bind(root, FleetWatchSettings.class),
          root -> SettingsBinder.bind(root, IdempotencySettings.class),
          RateSettings::of,
          root -> SettingsBinder.bind(root, SkillSettings.class),
          root -> SettingsBinder.bind(root, UnknownSettings.class),
          root -> SettingsBinder.bind(root, KeySettings.class),
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
  void aNodeRefusesAnUnknownSetting() {
    assertThatThrownBy(() -> Chowder.start(with("chowder.reconciler.max-restart")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cannot start: no setting is named chowder.reconciler.max-restart (nearest:"
                + " chowder.reconciler.max-restarts); correct or remove it");
  }

  @Test
  void aNodeRefusesARemovedSettingWithTheReason() {
    assertThat(SettingNames.removed()).isNotEmpty();
    SettingNames.removed()
        .forEach(
            (name, why) ->
                assertThatThrownBy(() -> checkWith(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                        "cannot start: %s was removed, because %s; correct or remove it"
                            .formatted(name, why)));
  }

  /** Sets the setting or the variable. */
  private static void checkWith(String name) {
    if (name.startsWith("CHOWDER_")) {
      SettingNames.check(ConfigFactory.load(), Map.of(name, "100"));
    } else {
      SettingNames.check(with(name), Map.of());
    }
  }

  /** The settings and variables of released versions. */
  @Test
  void aSettingOfAnEarlierVersionExistsOrIsRefusedWithTheReason() throws IOException {
    var released = Files.readAllLines(Path.of("src/test/resources/settings-0.1.0.txt"));
    assertThat(released).hasSizeGreaterThan(400);
    var names = new TreeSet<>(released);
    names.removeAll(defaults().keySet());
    names.removeAll(settings().variables());
    names.removeIf(
        name ->
            SettingNames.removed().keySet().stream()
                .anyMatch(removed -> name.equals(removed) || name.startsWith(removed + ".")));
    assertThat(names).isEmpty();
  }

  @Test
  void noRemovedNameExists() {
    assertThat(defaults()).doesNotContainKeys(removedNames());
    assertThat(settings().variables()).doesNotContain(removedNames());
  }

  private static String[] removedNames() {
    return SettingNames.removed().keySet().toArray(String[]::new);
  }

  /** Such a property would be refused as an unknown setting. */
  @Test
  void noPropertyOfAnotherProgramLooksLikeASetting() throws IOException {
    var read = new TreeSet<String>();
    try (var files = Files.walk(Path.of(".."))) {
      for (var file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        PROPERTY.matcher(Files.readString(file)).results().forEach(m -> read.add(m.group(1)));
      }
    }
    assertThat(read).anyMatch(name -> name.startsWith("chowder-tool."));
    read.removeIf(name -> !name.startsWith("chowder."));
    assertThat(read).isEmpty();
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
}
