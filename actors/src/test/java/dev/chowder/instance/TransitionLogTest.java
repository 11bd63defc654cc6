package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class TransitionLogTest {
  private static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-00000000000a");

  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final TransitionLog transitions = new TransitionLog(metrics);
  private final Logger logger = (Logger) LoggerFactory.getLogger(TransitionLog.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @BeforeEach
  void listen() {
    lines.start();
    logger.setLevel(Level.INFO);
    logger.addAppender(lines);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(lines);
    logger.setLevel(null);
  }

  @Test
  void aFailureIsLoggedAndCountedWithItsReason() {
    record(
        States.after(States.created()),
        new InstanceCommand.EffectFailed(
            1, Optional.of(Stage.CREATE_SANDBOX), T0, "NO_SPACE", "the disk\nis full", T0));

    assertThat(only())
        .isEqualTo(
            "instance=%s event=Failed from=Provisioning to=Errored revision=7 reason=NO_SPACE"
                    .formatted(ID)
                + " message=the disk is full");
    assertThat(lines.list.getFirst().getLevel()).isEqualTo(Level.WARN);
    assertThat(count("failed", "NO_SPACE")).isOne();
  }

  @Test
  void aLostGatewayIsLoggedAndCountedWithItsReason() {
    record(
        States.running(), observed(new ObservedState.Down("OUT_OF_MEMORY", "it was killed", true)));

    assertThat(only()).contains("event=GatewayLost", "reason=OUT_OF_MEMORY", "it was killed");
    assertThat(count("lost", "OUT_OF_MEMORY")).isOne();
  }

  @Test
  void aLostSleeperIsCountedWithItsReason() {
    record(
        States.sleeping(),
        observed(new ObservedState.Down("ENGINE_RESTARTED", "the host stopped", false)));
    record(States.sleeping(), observed(new ObservedState.HomeOnly()));

    assertThat(count("sleeper_lost", "ENGINE_RESTARTED")).isOne();
    assertThat(count("sleeper_lost", "CONTAINER_REMOVED")).isOne();
  }

  @Test
  void aSleepThatAnEffectDeepensIsNoLoss() {
    record(
        States.then(States.sleeping(), new InstanceEvent.SleepRequested(SleepLevel.OFF, T0)),
        new InstanceCommand.SleepReached(1, SleepLevel.OFF, SleepMemory.NONE, T0));

    assertThat(only()).contains("event=SleepReached").doesNotContain("reason=");
    assertThat(metrics.getMeters()).isEmpty();
  }

  @Test
  void aFailedPoolMemberIsLoggedAndCountedWithItsReason() {
    record(
        States.after(States.memberCreated()),
        new InstanceCommand.EffectFailed(
            1, Optional.of(Stage.CREATE_SANDBOX), T0, "IMAGE_MISSING", "no image", T0));

    assertThat(only()).contains("event=Discarded", "reason=IMAGE_MISSING");
    assertThat(count("member_failed", "IMAGE_MISSING")).isOne();
  }

  @Test
  void unknownReasonsShareALabel() {
    for (int n = 0; n < 100; n++) {
      record(
          States.after(States.created()),
          new InstanceCommand.EffectFailed(
              1, Optional.of(Stage.CREATE_SANDBOX), T0, "HOSTILE_" + n, "", T0));
    }
    assertThat(metrics.getMeters()).hasSize(1);
    assertThat(count("failed", "OTHER")).isEqualTo(100);
  }

  @Test
  void everyDocumentedReasonIsALabel() throws Exception {
    var page = Files.readString(Path.of("../docs/ARCHITECTURE.md"));
    var table = page.substring(page.indexOf("| `error_reason` |"));
    var reasons =
        reasons(
            table
                .substring(0, table.indexOf("\n\n"))
                .lines()
                .map(line -> line.substring(0, line.indexOf('|', 1)))
                .reduce("", String::concat));
    assertThat(reasons).contains("DISK_FULL", "INTERNAL");
    assertThat(reasons).allSatisfy(one -> assertThat(TransitionLog.label(one)).isEqualTo(one));
    var field =
        Files.readString(Path.of("../docs/REST.md"))
            .lines()
            .filter(line -> line.startsWith("| `error_reason` |"))
            .findFirst();
    assertThat(reasons(field.orElseThrow())).containsExactlyInAnyOrderElementsOf(reasons);
  }

  private static List<String> reasons(String text) {
    return Pattern.compile("`([A-Z_]+)`")
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  private void record(InstanceState before, InstanceCommand command) {
    var events = ((Decision.Accept) InstanceLifecycle.decide(before, command)).events();
    transitions.record(ID, before, events, command, 7);
  }

  private static InstanceCommand observed(ObservedState state) {
    return new InstanceCommand.Observed(1, state, new RestartPolicy(3, Duration.ofHours(1)), T0);
  }

  private String only() {
    assertThat(lines.list).hasSize(1);
    return lines.list.getFirst().getFormattedMessage();
  }

  private double count(String kind, String reason) {
    return Optional.ofNullable(
            metrics
                .find("chowder.instance.failures")
                .tag("kind", kind)
                .tag("reason", reason)
                .counter())
        .map(Counter::count)
        .orElse(0.0);
  }
}
