package dev.chowder.reconcile;

import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.WantedConfig;
import dev.chowder.reconcile.ModelHost.Home;
import dev.chowder.reconcile.ModelHost.Kind;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxRef;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Performs effects on a {@link ModelHost} as the packages {@code effect} and {@code sleep} do: each
 * works from whatever state it finds. One step is one stage, or a whole effect without stages.
 */
final class ModelEffects {
  static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static final SandboxRef SANDBOX = new SandboxRef("model", "host-1", "sb-1");

  private ModelEffects() {}

  /** The choices of a host that are no faults of Chowder. */
  enum Luck {
    /** Freezes and wakes succeed. */
    GOOD,
    /** The gateway cannot be frozen, and its processes cannot be continued. */
    BAD
  }

  /**
   * A step of an effect.
   *
   * @param report empty if the step must be repeated
   */
  record Step(ModelHost host, Optional<InstanceCommand.Report> report) {
    Step(ModelHost host, InstanceCommand.Report report) {
      this(host, Optional.of(report));
    }
  }

  /**
   * Performs the next step of an effect.
   *
   * @param homeKnown whether the journal names the sandbox, so that a missing host is noticed
   */
  static Step perform(InstanceEffect effect, boolean homeKnown, ModelHost host, Luck luck) {
    boolean elsewhere = host.away() && homeKnown;
    return switch (effect) {
      case InstanceEffect.None _ -> new Step(host, Optional.empty());
      case RunStages run ->
          elsewhere ? new Step(host, failed(run, "ELSEWHERE")) : stage(run, host, luck);
      case InstanceEffect.AwaitStart wait ->
          new Step(host, new InstanceCommand.StartDue(wait.attempt(), NOW));
      case InstanceEffect.StopGateway stop ->
          elsewhere ? new Step(host, failed(stop, "ELSEWHERE")) : stop(stop, host, luck);
      case InstanceEffect.Deepen deepen ->
          elsewhere ? new Step(host, Optional.empty()) : deepen(deepen, host);
      case InstanceEffect.ApplyConfig apply ->
          elsewhere ? new Step(host, Optional.empty()) : apply(apply, host);
      case InstanceEffect.RotateToken rotate ->
          elsewhere ? new Step(host, Optional.empty()) : rotate(rotate, host);
      case InstanceEffect.ReleaseSlot _ ->
          new Step(host.withSlot(false), new InstanceCommand.SlotReleased(NOW));
      case InstanceEffect.Remove remove -> remove(remove, elsewhere, host);
    };
  }

  /** Returns the report of a stage that failed finally. */
  static InstanceCommand.Report failed(RunStages run, String reason) {
    return new InstanceCommand.EffectFailed(
        run.attempt(), Optional.of(run.stages().getFirst()), NOW, reason, "why", NOW);
  }

  /** Returns the report of a stop that failed finally. */
  static InstanceCommand.Report failed(InstanceEffect.StopGateway stop, String reason) {
    return new InstanceCommand.EffectFailed(
        stop.attempt(), Optional.empty(), NOW, reason, "why", NOW);
  }

  /** Returns the version that a configuration of the model has. */
  static int version(String version) {
    return version.isEmpty() ? 0 : Integer.parseInt(version);
  }

  private static Step stage(RunStages run, ModelHost host, Luck luck) {
    var stage = run.stages().getFirst();
    if (!run.homes().agentRan() && host.process().label() > run.attempt()) {
      return new Step(host, failed(run, "REFUSED"));
    }
    if (stage == Stage.CREATE_SANDBOX) return create(run, host);
    // The engine checks the fence of each call.
    if (!host.home().exists()) return new Step(host, failed(run, "SANDBOX_LOST"));
    if (host.home().generation() != run.homes().generation()) {
      return new Step(host, failed(run, "HOME_REPLACED"));
    }
    if (host.refuses(run.attempt())) return new Step(host, failed(run, "REFUSED"));
    return switch (stage) {
      case ONBOARD -> {
        var home = new Home(host.home().generation(), 0, 0, host.token(), host.home().used());
        yield finished(run, 3, host.with(home).withChannels(0).withSecrets());
      }
      case GATEWAY_TOKEN, RESPONSES_ENDPOINT -> finished(run, 1, host);
      case OPENCLAW_CONFIG -> configure(run, host);
      case START_GATEWAY -> start(run, host, luck);
      case WARM_UP ->
          host.process().isUp()
              ? finished(run, 1, host)
              : new Step(host, failed(run, cause(host.process().kind())));
      case PUBLISH ->
          host.process().isUp()
              ? new Step(
                  host,
                  new InstanceCommand.StagesFinished(
                      run.attempt(), List.of(finished(Stage.PUBLISH, host.process().address()))))
              : new Step(host, failed(run, cause(host.process().kind())));
      case CREATE_SANDBOX -> throw new IllegalStateException();
    };
  }

  private static Step create(RunStages run, ModelHost host) {
    var cleared = host.removeUnused(run.attempt(), run.homes(), run.homes().generation());
    var created = cleared.create(run.homes().generation());
    if (created.home().generation() != run.homes().generation()) {
      return new Step(created, failed(run, "HOME_REPLACED"));
    }
    return new Step(
        created,
        new InstanceCommand.StagesFinished(
            run.attempt(),
            List.of(
                new InstanceCommand.Finished(
                    record(Stage.CREATE_SANDBOX),
                    Optional.empty(),
                    0,
                    "",
                    false,
                    Optional.of(SANDBOX),
                    NOW))));
  }

  private static Step configure(RunStages run, ModelHost host) {
    if (run.sleep().holdsProcesses()) return finished(run, 1, host);
    boolean lostSleep = run.attempt() > 1 && host.process().isFrozen();
    var awake = lostSleep ? host.stop() : host;
    return configured(run, awake, write(run, awake), false);
  }

  /** Writes the pending configuration into the home volume. */
  private static ModelHost write(RunStages run, ModelHost host) {
    var config = run.config();
    var fresh = run.homes().adopted() ? host.withChannels(0) : host;
    if (!isPending(config, fresh)) return fresh;
    int overrides =
        config.homeRecreated() || config.overrides().taken() == Taken.PENDING
            ? version(config.overrides().version())
            : fresh.home().overrides();
    int channels = channels(config);
    boolean switched = channels != fresh.channels();
    var written =
        fresh
            .with(fresh.home().with(overrides, switched ? channels : fresh.home().channels()))
            .withChannels(channels);
    // A gateway that runs reads a changed file again.
    return written.process().isUp()
        ? written.with(
            written.process().with(written.home().overrides(), written.home().channels()))
        : written;
  }

  private static boolean isPending(WantedConfig config, ModelHost host) {
    boolean overrides =
        !config.overrides().version().isEmpty()
            && (config.homeRecreated() || config.overrides().taken() == Taken.PENDING);
    return config.version() > 0 || overrides || channels(config) != host.channels();
  }

  private static int channels(WantedConfig config) {
    return version(config.channels().getOrDefault("telegram", ""));
  }

  private static Step start(RunStages run, ModelHost host, Luck luck) {
    var process = host.process();
    boolean wakes =
        run.sleep().canWake()
            && process.lives()
            && process.label() == run.sleep().boot()
            && process.token() == host.token()
            && luck == Luck.GOOD;
    if (wakes) {
      var awake = host.with(process.thawedFor(run.attempt()));
      return configured(run, awake, hotApply(run.config(), awake), true);
    }
    var before = host;
    var ended = host;
    if (run.sleep().holdsProcesses()) {
      if (process.label() < run.attempt()) ended = host.stop();
      before = ended;
      // A gateway that could not be continued does not read its file again either.
      ended = luck == Luck.GOOD ? write(run, ended) : write(run, ended).with(ended.process());
    }
    // Before the first gateway of an instance, there is no rotation.
    if (run.attempt() > 1) ended = ended.with(ended.home().withToken(ended.token()));
    boolean wrote = run.sleep().holdsProcesses();
    return configured(run, wrote ? before : ended, ended.boot(run.attempt()), false);
  }

  /** Makes a running gateway apply the pending configuration. */
  private static ModelHost hotApply(WantedConfig config, ModelHost host) {
    if (!isPending(config, host)) return host;
    boolean changed = config.homeRecreated() || config.overrides().taken() == Taken.PENDING;
    int overrides = version(config.overrides().version());
    int channels = channels(config);
    return host.with(host.home().with(changed ? overrides : host.home().overrides(), channels))
        .with(host.process().with(changed ? overrides : host.process().overrides(), channels))
        .withChannels(channels);
  }

  /** Reports the stage, and the configuration if it wrote one. */
  private static Step configured(RunStages run, ModelHost before, ModelHost after, boolean thawed) {
    boolean wrote =
        isPending(run.config(), run.homes().adopted() ? before.withChannels(0) : before);
    var stage = run.stages().getFirst();
    boolean boots = stage == Stage.START_GATEWAY && !thawed && !run.sleep().holdsProcesses();
    return new Step(
        after,
        new InstanceCommand.StagesFinished(
            run.attempt(),
            List.of(
                new InstanceCommand.Finished(
                    record(stage),
                    Optional.empty(),
                    wrote && !boots ? run.config().version() : 0,
                    wrote && !boots ? run.config().overrides().version() : "",
                    thawed,
                    Optional.empty(),
                    NOW))));
  }

  private static Step finished(RunStages run, int stages, ModelHost host) {
    var together = EnumSet.of(Stage.ONBOARD, Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT);
    var done = new ArrayList<InstanceCommand.Finished>();
    for (var stage : run.stages().subList(0, stages)) {
      if (stages > 1 && !together.contains(stage)) throw new IllegalStateException("" + stage);
      done.add(finished(stage, ""));
    }
    return new Step(host, new InstanceCommand.StagesFinished(run.attempt(), done));
  }

  private static InstanceCommand.Finished finished(Stage stage, String endpoint) {
    return new InstanceCommand.Finished(
        record(stage),
        endpoint.isEmpty() ? Optional.empty() : Optional.of(endpoint),
        0,
        "",
        false,
        Optional.empty(),
        NOW);
  }

  private static StageRecord record(Stage stage) {
    return new StageRecord(stage, StageRecord.Outcome.EXECUTED, NOW, 0, "");
  }

  private static Step stop(InstanceEffect.StopGateway stop, ModelHost host, Luck luck) {
    if (host.refuses(stop.attempt())) return new Step(host, failed(stop, "REFUSED"));
    var process = host.process();
    // A gateway is asked with its token whether it has finished its work.
    boolean suspended = process.isFrozen() || (process.isUp() && process.token() == host.token());
    if (stop.mayFreeze() && suspended && luck == Luck.GOOD) {
      return new Step(
          process.isFrozen() ? host : host.with(process.as(Kind.FROZEN)),
          new InstanceCommand.GatewayStopped(
              stop.attempt(), SleepLevel.FROZEN, process.label(), SleepMemory.NONE, NOW));
    }
    return new Step(
        host.stop(),
        new InstanceCommand.GatewayStopped(
            stop.attempt(), SleepLevel.OFF, 0, SleepMemory.NONE, NOW));
  }

  private static Step deepen(InstanceEffect.Deepen deepen, ModelHost host) {
    var process = host.process();
    if (deepen.level() == SleepLevel.PAGED_OUT) {
      boolean frozen = process.isFrozen() && process.label() <= deepen.attempt();
      var reached =
          frozen ? SleepLevel.PAGED_OUT : process.isUp() ? SleepLevel.FROZEN : SleepLevel.OFF;
      return new Step(
          frozen ? host.with(process.inSwap()) : host, slept(deepen.attempt(), reached));
    }
    if (host.refuses(deepen.attempt())) return new Step(host, Optional.empty());
    return new Step(host.stop(), slept(deepen.attempt(), SleepLevel.OFF));
  }

  /** Returns the report of a level of sleep. */
  static InstanceCommand.Report slept(int attempt, SleepLevel level) {
    return new InstanceCommand.SleepReached(attempt, level, SleepMemory.NONE, NOW);
  }

  private static Step apply(InstanceEffect.ApplyConfig apply, ModelHost host) {
    return isAt(host, apply.endpoint())
        ? new Step(hotApply(apply.config(), host), applied(apply, Taken.APPLIED))
        : new Step(host, Optional.empty());
  }

  /** Returns the report of a changed configuration. */
  static InstanceCommand.Report applied(InstanceEffect.ApplyConfig apply, Taken taken) {
    return new InstanceCommand.ConfigApplied(
        apply.attempt(),
        apply.config().version(),
        apply.config().overrides().version(),
        taken,
        "",
        NOW);
  }

  private static boolean isAt(ModelHost host, String endpoint) {
    return host.process().isUp() && host.process().address().equals(endpoint);
  }

  private static Step rotate(InstanceEffect.RotateToken rotate, ModelHost host) {
    if (rotate.rotation() < host.token()) return new Step(host, Optional.empty());
    if (!rotate.endpoint().isEmpty() && !isAt(host, rotate.endpoint())) {
      return new Step(host, Optional.empty());
    }
    int next = rotate.rotation();
    var handed =
        rotate.endpoint().isEmpty()
            ? host
            : host.with(host.home().withToken(next)).with(host.process().withToken(next));
    return new Step(
        handed.withToken(next), new InstanceCommand.TokenRotated(rotate.attempt(), next, NOW));
  }

  private static Step remove(InstanceEffect.Remove remove, boolean elsewhere, ModelHost host) {
    if (elsewhere) {
      boolean all = remove.scope() == InstanceEffect.Scope.EVERYTHING;
      return new Step(all ? host.withoutSecrets() : host, Optional.empty());
    }
    int attempt = remove.attempt();
    var removed = new InstanceCommand.Removed(attempt, remove.scope(), NOW);
    return switch (remove.scope()) {
      case PROCESSES -> new Step(host.removeProcesses(attempt), removed);
      case SANDBOX ->
          new Step(
              host.removeProcesses(attempt).removeUnused(attempt, remove.homes(), -1), removed);
      case EVERYTHING -> new Step(host.removeEverything().withoutSecrets(), removed);
      case MEMBER -> {
        boolean claimed =
            host.process().label() > attempt
                || (host.home().exists()
                    && host.home().generation() != remove.homes().generation());
        yield claimed
            ? new Step(host, new InstanceCommand.ClaimFound(attempt, NOW))
            : new Step(host.remove(Fence.NONE).removeEverything().withoutSecrets(), removed);
      }
    };
  }

  /** Returns why a process that ended, was frozen or is missing does not serve. */
  static String cause(Kind kind) {
    return switch (kind) {
      case ENDED_BY_ITSELF -> "GATEWAY_CRASHED";
      case ENDED_WITH_ENGINE -> "ENGINE_RESTARTED";
      case STOPPED -> "GATEWAY_STOPPED";
      case MISSING, UP, FROZEN -> "GATEWAY_CRASHED";
    };
  }
}
