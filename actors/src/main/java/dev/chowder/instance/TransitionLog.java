package dev.chowder.instance;

import dev.chowder.base.Labelled;
import dev.chowder.instance.InstanceCommand.ObservedState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs the transitions of instances, and counts failures and losses by reason. Does not know what
 * follows from them.
 */
public final class TransitionLog {
  private static final Logger LOG = LoggerFactory.getLogger(TransitionLog.class);

  /** Maximum length of a message in the log. A message may quote the log of a gateway. */
  private static final int MAX_MESSAGE = 500;

  /** The label of a reason that is not in {@link #REASONS}. */
  private static final String OTHER = "OTHER";

  /**
   * The reasons that are labels of the metric: those of {@code error_reason} in ARCHITECTURE.md. A
   * fixed list, so that no response of a gateway can add labels.
   */
  private static final Set<String> REASONS =
      Set.of(
          "CLAIM_LOST",
          "CONFIG_BROKEN",
          "CONFIG_MISSING",
          "CONTAINER_REMOVED",
          "DATABASE_UNAVAILABLE",
          "DISK_FULL",
          "ELSEWHERE",
          "ENGINE_RESTARTED",
          "ENGINE_UNREACHABLE",
          "FILE_REFUSED",
          "GATEWAY_CRASHED",
          "GATEWAY_FROZEN",
          "GATEWAY_NOT_READY",
          "GATEWAY_STOPPED",
          "GATEWAY_UNAVAILABLE",
          "HOME_REPLACED",
          "IMAGE_MISSING",
          "INTERNAL",
          "KEY_REFUSED",
          "MODEL_PROVIDER_NOT_CONFIGURED",
          "NOT_FOUND",
          "NO_MEMORY",
          "NO_SPACE",
          "ONBOARD_FAILED",
          "OUT_OF_MEMORY",
          "REFUSED",
          "SANDBOX_LOST",
          "TIMED_OUT");

  /** The consequence of a failure or a loss. */
  enum Kind implements Labelled {
    /** The instance is in {@code error}. */
    FAILED,
    /** The gateway was lost, and is started again. */
    LOST,
    /** The processes of a stopped instance are gone, so that its next start boots. */
    SLEEPER_LOST,
    /** A pool member was discarded. */
    MEMBER_FAILED
  }

  private record Cause(Kind kind, String reason, String message) {}

  private final MeterRegistry metrics;

  public TransitionLog(MeterRegistry metrics) {
    this.metrics = metrics;
  }

  /** Returns the reason if it is a known one, so that it can be a label. */
  public static String label(String reason) {
    return REASONS.contains(reason) ? reason : OTHER;
  }

  /**
   * Logs persisted events of an instance, and counts the failures and losses among them.
   *
   * @param command the command that caused them
   * @param revision number of the last event
   */
  void record(
      InstanceId id,
      InstanceState before,
      List<InstanceEvent> events,
      InstanceCommand command,
      long revision) {
    var from = before;
    long next = revision - events.size();
    for (var event : events) {
      var to = InstanceLifecycle.evolve(from, event);
      next++;
      log(id, event, from, to, next, cause(from, event, command));
      from = to;
    }
  }

  private void log(
      InstanceId id,
      InstanceEvent event,
      InstanceState from,
      InstanceState to,
      long revision,
      Optional<Cause> cause) {
    var transition =
        "instance=%s event=%s from=%s to=%s revision=%d"
            .formatted(id, name(event), name(from), name(to), revision);
    if (cause.isEmpty()) {
      LOG.info("{}", transition);
      return;
    }
    var why = cause.get();
    LOG.warn("{} reason={} message={}", transition, why.reason(), line(why.message()));
    Counter.builder("chowder.instance.failures")
        .description("Failures and losses of instances")
        .tag("kind", why.kind().label())
        .tag("reason", label(why.reason()))
        .register(metrics)
        .increment();
  }

  private static Optional<Cause> cause(
      InstanceState before, InstanceEvent event, InstanceCommand command) {
    return switch (event) {
      case InstanceEvent.Failed f -> Optional.of(new Cause(Kind.FAILED, f.reason(), f.message()));
      case InstanceEvent.GatewayLost l ->
          Optional.of(new Cause(Kind.LOST, l.reason(), l.message()));
      case InstanceEvent.Discarded _
          when command instanceof InstanceCommand.EffectFailed f
              && before instanceof InstanceState.Member ->
          Optional.of(new Cause(Kind.MEMBER_FAILED, f.reason(), f.message()));
      case InstanceEvent.SleepReached _ when command instanceof InstanceCommand.Observed o ->
          Optional.of(sleeperLost(o.observed()));
      case InstanceEvent _ -> Optional.empty();
    };
  }

  private static Cause sleeperLost(ObservedState observed) {
    return observed instanceof ObservedState.Down(var reason, var message, _)
        ? new Cause(Kind.SLEEPER_LOST, reason, message)
        : new Cause(
            Kind.SLEEPER_LOST, "CONTAINER_REMOVED", "its container was removed outside Chowder");
  }

  /** Returns the text as one line of bounded length. */
  private static String line(String text) {
    var line = new StringBuilder(text.substring(0, Math.min(MAX_MESSAGE, text.length())));
    for (int at = 0; at < line.length(); at++) {
      if (Character.isISOControl(line.charAt(at))) line.setCharAt(at, ' ');
    }
    return line.toString();
  }

  private static String name(Object of) {
    return of.getClass().getSimpleName();
  }
}
