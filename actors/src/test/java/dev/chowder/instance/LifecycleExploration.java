package dev.chowder.instance;

import static dev.chowder.instance.States.T0;

import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.instance.InstanceState.Absent;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Tombstone;
import dev.chowder.instance.InstanceState.Waiting;
import dev.chowder.instance.InstanceState.Warming;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Sends every possible command to an instance in each state that this reaches, until no new state
 * appears. States that differ only in times, names and numbers count as one.
 */
final class LifecycleExploration {
  private static final SleepMemory MEMORY = new SleepMemory(1_200_000_000, 0);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final ActorRef<InstanceReply> REPLY_TO =
      TestInbox.<InstanceReply>create().getRef();

  private LifecycleExploration() {}

  /** A command in a state, and its result. */
  record Step(String command, InstanceState from, Decision decision, InstanceState to) {
    List<InstanceEvent> events() {
      return switch (decision) {
        case Decision.Accept(var events) -> events;
        case Decision.Reject _ -> List.of();
      };
    }
  }

  static String phase(InstanceState state) {
    return state.getClass().getSimpleName();
  }

  static List<Step> explore() {
    var steps = new ArrayList<Step>();
    var seen = new HashSet<List<Object>>();
    var open = new ArrayDeque<InstanceState>();
    InstanceState first = new Absent();
    seen.add(essence(first));
    open.add(first);
    while (!open.isEmpty()) {
      var from = open.remove();
      for (var entry : commands(from).entrySet()) {
        var step = step(entry.getKey(), from, entry.getValue());
        steps.add(step);
        if (seen.add(essence(step.to()))) open.add(step.to());
      }
    }
    return steps;
  }

  private static Step step(String name, InstanceState from, InstanceCommand command) {
    var decision = InstanceLifecycle.decide(from, command);
    var to =
        switch (decision) {
          case Decision.Accept(var events) ->
              States.then(from, events.toArray(InstanceEvent[]::new));
          case Decision.Reject _ -> from;
        };
    return new Step(name, from, decision, to);
  }

  private static List<Object> essence(InstanceState state) {
    var phase = phase(state);
    return switch (state) {
      case Absent() -> List.of(phase);
      case Tombstone s -> List.of(phase, s.slotHeld());
      case Provisioning s ->
          List.of(
              phase,
              pendingEffect(s),
              s.progress().done().size(),
              s.attempt() > 1,
              s.claimed(),
              earlierHome(s) > 0);
      case Warming s -> List.of(phase, s.progress().done().size());
      case Pooled _ -> List.of(phase);
      case Discarded s ->
          List.of(phase, s.slotHeld(), s.cleanupPending(), s.profile().homes().agentRan());
      case Running s -> List.of(phase, pendingEffect(s), s.servedBy(), s.restarts().isEmpty());
      case Stopping s -> List.of(phase, pendingEffect(s));
      case Restarting s -> List.of(phase, pendingEffect(s));
      case Waiting s -> List.of(phase, pendingEffect(s), s.backsOff());
      case Stopped s -> List.of(phase, pendingEffect(s), s.sleep().level(), s.sleep().wanted());
      case Starting s ->
          List.of(
              phase,
              pendingEffect(s),
              s.progress().done().size(),
              s.restarts().isEmpty(),
              s.sleep().level());
      case Errored s ->
          List.of(phase, s.homeKept(), s.slotHeld(), s.cleanupPending(), earlierHome(s) > 0);
      case Deleted s -> List.of(phase, s.slotHeld(), s.cleanupPending());
    };
  }

  private static List<Boolean> pendingEffect(Existing state) {
    return List.of(state.profile().configPending(), state.profile().token().isPending());
  }

  /** Returns the commands by their names in the document, in its order. */
  private static Map<String, InstanceCommand> commands(InstanceState state) {
    var all = new LinkedHashMap<String, InstanceCommand>(verbs(state));
    all.putAll(reports(state));
    return all;
  }

  static Map<String, InstanceCommand> verbs(InstanceState state) {
    int attempt = state instanceof Existing existing ? existing.attempt() : 1;
    int returns = state instanceof Errored errored ? errored.slotReturns() : 0;
    var verbs = new LinkedHashMap<String, InstanceCommand>();
    verbs.put("Create", create(state instanceof Existing ? "another create" : "create"));
    verbs.put("Create, resent", create("create"));
    verbs.put("Warm", warm(state instanceof Existing ? "another warm" : "warm"));
    verbs.put("Warm, resent", warm("warm"));
    var claimant = state instanceof Existing && !(state instanceof Pooled) ? "another" : "create";
    verbs.put("Claim", claim(States.profile(claimant, T0), States.SETUP));
    verbs.put("Claim, with overrides", claim(States.configured(claimant, T0), States.SETUP));
    verbs.put("Claim, resent", claim(States.profile("create", T0), States.SETUP));
    verbs.put(
        "Claim, of another setup",
        claim(States.profile(claimant, T0), new PoolSetup(States.PROFILE.model(), "1", "image-1")));
    verbs.put("ReleaseUnusedSlot", new InstanceCommand.ReleaseUnusedSlot("org", T0, REPLY_TO));
    verbs.put(
        "Deepen, to paged_out", new InstanceCommand.Deepen(SleepLevel.PAGED_OUT, T0, REPLY_TO));
    verbs.put("Deepen, to off", new InstanceCommand.Deepen(SleepLevel.OFF, T0, REPLY_TO));
    verbs.put("RefreshRow", new InstanceCommand.RefreshRow(REPLY_TO));
    verbs.put("Get", new InstanceCommand.Get(REPLY_TO));
    verbs.put(
        "Watch", new InstanceCommand.Watch(REPLY_TO, TestInbox.<InstanceActor>create().getRef()));
    verbs.put("Update", update(config(state).overrides()));
    verbs.put(
        "Update, another change came first", update(new OverridesVersion("?", Taken.PENDING)));
    verbs.put("Stop", new InstanceCommand.Stop("key", false, T0, REPLY_TO));
    verbs.put("Start", new InstanceCommand.Start("key", T0, REPLY_TO));
    verbs.put("Restart", new InstanceCommand.Restart("key", T0, REPLY_TO));
    var home = state instanceof Existing existing ? existing.profile().homes().generation() : 1;
    verbs.put("Recover", recover(attempt, returns, Optional.of(home)));
    verbs.put("Recover, home volume missing", recover(attempt, returns, Optional.empty()));
    verbs.put(
        "Recover, another home volume", recover(attempt, returns, Optional.of(earlierHome(state))));
    verbs.put("Recover, slot released before", recover(attempt, returns - 1, Optional.of(home)));
    int asked = state instanceof Existing existing ? existing.profile().token().asked() : 0;
    verbs.put("RotateToken", rotate(asked + 1));
    verbs.put("RotateToken, resent", rotate(asked));
    verbs.put(
        "SwitchChannel", switchChannel(config(state).channels().getOrDefault("telegram", "")));
    verbs.put("SwitchChannel, another change came first", switchChannel("?"));
    verbs.put("Delete", new InstanceCommand.Delete("key", another(state), T0, REPLY_TO));
    verbs.put("Delete, resent", new InstanceCommand.Delete("key", "delete", T0, REPLY_TO));
    return verbs;
  }

  private static String another(InstanceState state) {
    return state instanceof Deleted ? "another delete" : "delete";
  }

  private static ConfigValues config(InstanceState state) {
    return state instanceof Existing existing ? existing.profile().config() : ConfigValues.NONE;
  }

  private static InstanceCommand update(OverridesVersion base) {
    return new InstanceCommand.Update(
        "key",
        Optional.of("other"),
        Map.of(),
        Optional.empty(),
        Optional.of(new InstanceCommand.OverridesChange(base, base.version() + "o")),
        T0,
        REPLY_TO);
  }

  private static InstanceCommand switchChannel(String base) {
    return new InstanceCommand.SwitchChannel(
        "key", "telegram", true, base, base + "c", T0, REPLY_TO);
  }

  private static InstanceCommand create(String requestId) {
    return new InstanceCommand.Create("key", States.profile(requestId, T0), T0, REPLY_TO);
  }

  private static InstanceCommand warm(String requestId) {
    return new InstanceCommand.Warm(States.profile(requestId, T0), States.SETUP, T0, REPLY_TO);
  }

  private static InstanceCommand claim(Profile profile, PoolSetup setup) {
    return new InstanceCommand.Claim("key", profile, setup, T0, REPLY_TO);
  }

  private static InstanceCommand rotate(int number) {
    return new InstanceCommand.RotateToken("key", "rotate " + number, T0, REPLY_TO);
  }

  /** Returns a home that the instance had before; one in which an agent ran, if there is one. */
  private static int earlierHome(InstanceState state) {
    if (!(state instanceof Existing existing)) return 0;
    var homes = existing.profile().homes();
    return homes.used().stream()
        .map(Homes.Used::generation)
        .filter(used -> used != homes.generation())
        .findFirst()
        .orElse(0);
  }

  private static InstanceCommand recover(int attempt, int slotReturns, Optional<Integer> home) {
    return new InstanceCommand.Recover(
        "key", attempt, slotReturns, home, 0, States.PROFILE.model(), T0, REPLY_TO);
  }

  private static InstanceCommand finished(int attempt, Stage stage, int configVersion) {
    return new InstanceCommand.StagesFinished(
        attempt,
        List.of(
            new InstanceCommand.Finished(
                new StageRecord(stage, StageRecord.Outcome.EXECUTED, T0, 10, ""),
                Optional.of(States.ENDPOINT),
                configVersion,
                "",
                false,
                Optional.empty(),
                T0)));
  }

  static Map<String, InstanceCommand> reports(InstanceState state) {
    int attempt = state instanceof Existing existing ? existing.attempt() : 1;
    int version = state instanceof Existing existing ? existing.profile().configVersion() : 0;
    var stage = stage(state);
    var reports = new LinkedHashMap<String, InstanceCommand>();
    reports.put(
        "`StagesFinished`, of the current attempt",
        finished(attempt, stage, stage == Stage.OPENCLAW_CONFIG ? version : 0));
    reports.put("`StagesFinished`, of an earlier attempt", finished(attempt - 1, stage, 0));
    reports.put("`EffectFailed`, the current stage", failed(attempt, Optional.of(stage)));
    reports.put(
        "`EffectFailed`, the engine ended in the current stage",
        failed(attempt, Optional.of(stage), "ENGINE_RESTARTED"));
    reports.put("`EffectFailed`, a stop", failed(attempt, Optional.empty()));
    reports.put(
        "`EffectFailed`, the engine does not respond to a stop",
        failed(attempt, Optional.empty(), "ENGINE_UNREACHABLE"));
    reports.put("`StartDue`", new InstanceCommand.StartDue(attempt, T0));
    reports.put(
        "`GatewayStopped`",
        new InstanceCommand.GatewayStopped(attempt, SleepLevel.OFF, 0, SleepMemory.NONE, T0));
    reports.put(
        "`GatewayStopped`, frozen",
        new InstanceCommand.GatewayStopped(attempt, SleepLevel.FROZEN, 1, MEMORY, T0));
    reports.put(
        "`SleepReached`: paged out",
        new InstanceCommand.SleepReached(attempt, SleepLevel.PAGED_OUT, MEMORY, T0));
    reports.put(
        "`SleepReached`: off",
        new InstanceCommand.SleepReached(attempt, SleepLevel.OFF, SleepMemory.NONE, T0));
    reports.put(
        "`ConfigApplied`",
        new InstanceCommand.ConfigApplied(attempt, version, "", Taken.APPLIED, "", T0));
    int asked = state instanceof Existing existing ? existing.profile().token().asked() : 0;
    reports.put("`TokenRotated`", new InstanceCommand.TokenRotated(attempt, asked, T0));
    reports.put("`SlotReleased`", new InstanceCommand.SlotReleased(T0));
    reports.put(
        "`Removed`", new InstanceCommand.Removed(attempt, InstanceEffect.Scope.EVERYTHING, T0));
    reports.put("`Discard`", new InstanceCommand.Discard(T0));
    reports.put("`ClaimFound`", new InstanceCommand.ClaimFound(attempt, T0));
    reports.put("`Redispatch`", new InstanceCommand.Redispatch(T0, HOUR));
    reports.put(
        "`Redispatch`, the stage is overdue",
        new InstanceCommand.Redispatch(T0.plus(HOUR).plusSeconds(1), HOUR));
    reports.put("`Observed`: up", observed(attempt, new ObservedState.Up(States.ENDPOINT)));
    reports.put(
        "`Observed`: up, at another address",
        observed(attempt, new ObservedState.Up("127.0.0.1:42000")));
    reports.put(
        "`Observed`: down",
        observed(attempt, new ObservedState.Down("GATEWAY_CRASHED", "gateway: ended", true)));
    reports.put(
        "`Observed`: down with its engine",
        observed(attempt, new ObservedState.Down("ENGINE_RESTARTED", "gateway: ended", false)));
    reports.put(
        "`Observed`: home volume without process", observed(attempt, new ObservedState.HomeOnly()));
    reports.put("`Observed`: frozen", observed(attempt, new ObservedState.Frozen()));
    reports.put("`Observed`: nothing", observed(attempt, new ObservedState.Nothing()));
    reports.put(
        "`Observed`: another home volume",
        observed(attempt, new ObservedState.OtherHome(earlierHome(state), false)));
    reports.put(
        "`Observed`: another host",
        observed(attempt, new ObservedState.OtherHost("cannot use the sandbox")));
    reports.put(
        "`Observed`: up, of a later attempt",
        observed(attempt, new ObservedState.LaterUp(attempt + 1, attempt + 1, States.ENDPOINT)));
    return reports;
  }

  private static Stage stage(InstanceState state) {
    return switch (state) {
      case Provisioning s -> s.progress().current();
      case Starting s -> s.progress().current();
      case Warming s -> s.progress().current();
      case Absent(), Tombstone _, Deleted _, Pooled _, Discarded _ -> Stage.START_GATEWAY;
      case Running _, Stopping _, Restarting _, Waiting _ -> Stage.START_GATEWAY;
      case Stopped _, Errored _ -> Stage.START_GATEWAY;
    };
  }

  private static InstanceCommand failed(int attempt, Optional<Stage> stage) {
    return failed(attempt, stage, "TIMED_OUT");
  }

  private static InstanceCommand failed(int attempt, Optional<Stage> stage, String reason) {
    return new InstanceCommand.EffectFailed(attempt, stage, T0, reason, "too slow", T0);
  }

  private static InstanceCommand observed(int attempt, ObservedState observed) {
    return new Observed(attempt, observed, new RestartPolicy(1, HOUR), T0);
  }
}
