package dev.chowder.instance;

import dev.chowder.sandbox.SandboxRef;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Provides a state of every phase. All states result from events, so that they can really occur.
 */
final class States {
  static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  static final String ENDPOINT = "127.0.0.1:41000";
  static final Profile PROFILE = profile(T0);

  static final PoolSetup SETUP = new PoolSetup(PROFILE.model(), "0", "image-1");

  static final SandboxRef SANDBOX =
      new SandboxRef("docker", "engine-1", "sb-0190a000-0000-7000-8000-00000000000a");

  static final TransitionLog TRANSITIONS = new TransitionLog(new SimpleMeterRegistry());

  private States() {}

  static Profile profile(Instant createdAt) {
    return profile("create", createdAt);
  }

  static Profile profile(String createRequestId, Instant createdAt) {
    return profile(createRequestId, createdAt, 0, ConfigValues.NONE);
  }

  private static Profile profile(
      String createRequestId, Instant createdAt, int configVersion, ConfigValues config) {
    return new Profile(
        "0190a000-0000-7000-8000-000000000001",
        "agent",
        new ModelChoice("custom", "demo", "http://localhost:9092/v1", "openai-completions"),
        "sandbox",
        "small",
        "v1",
        "local",
        Map.of("team", "a"),
        configVersion,
        0,
        TokenRotations.NONE,
        config,
        Homes.FIRST,
        Optional.empty(),
        createdAt,
        createdAt,
        createdAt,
        createRequestId);
  }

  static InstanceState after(InstanceEvent... events) {
    InstanceState state = new InstanceState.Absent();
    for (var event : events) state = InstanceLifecycle.evolve(state, event);
    return state;
  }

  static List<InstanceEvent> provisioned() {
    var events = new ArrayList<InstanceEvent>();
    events.add(created());
    for (var stage : Stage.OF_PROVISIONING) events.add(finished(1, stage));
    return events;
  }

  static InstanceEvent created() {
    return new InstanceEvent.Created("key", PROFILE, T0);
  }

  static InstanceEvent.StageFinished finished(int attempt, Stage stage) {
    return new InstanceEvent.StageFinished(
        attempt,
        new StageRecord(stage, StageRecord.Outcome.EXECUTED, T0, 10, ""),
        stage == Stage.PUBLISH ? Optional.of(ENDPOINT) : Optional.empty(),
        0,
        "",
        false,
        Optional.empty(),
        T0);
  }

  /** Returns the stage that created a sandbox, with its reference. */
  static InstanceEvent.StageFinished sandboxCreated(int attempt) {
    return sandboxCreated(attempt, SANDBOX);
  }

  static InstanceEvent.StageFinished sandboxCreated(int attempt, SandboxRef sandbox) {
    return new InstanceEvent.StageFinished(
        attempt,
        new StageRecord(Stage.CREATE_SANDBOX, StageRecord.Outcome.EXECUTED, T0, 10, ""),
        Optional.empty(),
        0,
        "",
        false,
        Optional.of(sandbox),
        T0);
  }

  /** Returns an instance whose sandbox is known. */
  static InstanceState provisioningInSandbox() {
    return after(created(), sandboxCreated(1));
  }

  /** Returns a loss with the engine, or by a crash if {@code byItself} is true. */
  static InstanceEvent.GatewayLost lost(int attempt, boolean byItself, Instant at) {
    return new InstanceEvent.GatewayLost(
        attempt,
        byItself ? "GATEWAY_CRASHED" : "ENGINE_RESTARTED",
        "gateway: it ended",
        byItself,
        at);
  }

  /** Returns the stop of a gateway whose processes stay frozen. */
  static InstanceEvent.Stopped frozen(int attempt) {
    return new InstanceEvent.Stopped(
        attempt, SleepLevel.FROZEN, 1, new SleepMemory(1_200_000_000, 0), T0);
  }

  /** Returns a stopped instance whose processes are frozen. */
  static InstanceState sleeping() {
    return then(running(), new InstanceEvent.StopRequested("key", false, T0), frozen(1));
  }

  /** Returns an instance whose frozen processes are being continued. */
  static InstanceState waking() {
    return then(sleeping(), new InstanceEvent.StartRequested("key", 2, "", T0));
  }

  static InstanceEvent memberCreated() {
    return new InstanceEvent.MemberCreated(profile("warm", T0), SETUP, T0);
  }

  /** Returns a pool member that can be claimed. */
  static InstanceState pooled() {
    var state = after(memberCreated());
    for (var stage : Stage.OF_WARMING) state = then(state, finished(1, stage));
    return state;
  }

  /** Returns a pool member for which the organization holds the slot of a failed create. */
  static InstanceState discardedWithSlot() {
    return then(pooled(), new InstanceEvent.Discarded(true, "", T0));
  }

  static InstanceEvent.Claimed claimed(Profile profile) {
    return new InstanceEvent.Claimed("key", profile, T0);
  }

  /** Returns the profile of a create with overrides. */
  static Profile configured(String createRequestId, Instant createdAt) {
    return profile(createRequestId, createdAt, 1, ConfigValues.ofNew("v1"));
  }

  /** Returns an instance that was claimed with overrides, which its gateway did not take yet. */
  static InstanceState claimedWithConfig() {
    return then(pooled(), claimed(configured("create", T0)));
  }

  static InstanceState running() {
    return after(provisioned().toArray(InstanceEvent[]::new));
  }

  static InstanceState then(InstanceState state, InstanceEvent... events) {
    for (var event : events) state = InstanceLifecycle.evolve(state, event);
    return state;
  }

  /** Returns the state after commands, each of which must be accepted. */
  static InstanceState apply(InstanceState state, InstanceCommand... commands) {
    for (var command : commands) state = applyOne(state, command);
    return state;
  }

  private static InstanceState applyOne(InstanceState state, InstanceCommand command) {
    return switch (InstanceLifecycle.decide(state, command)) {
      case Decision.Accept(List<InstanceEvent> events) ->
          then(state, events.toArray(InstanceEvent[]::new));
      case Decision.Reject(var why) -> throw new AssertionError("rejected: " + why);
    };
  }

  /** Returns the name of the state after a command, or of the reason for its rejection. */
  static String outcome(InstanceState state, InstanceCommand command) {
    return switch (InstanceLifecycle.decide(state, command)) {
      case Decision.Accept(var events) ->
          then(state, events.toArray(InstanceEvent[]::new)).getClass().getSimpleName();
      case Decision.Reject(var why) -> why.getClass().getSimpleName();
    };
  }

  /** Returns a state of every phase, by the name of the phase. */
  static Map<String, InstanceState> all() {
    var stopping = then(running(), new InstanceEvent.StopRequested("key", false, T0));
    var stopped =
        then(stopping, new InstanceEvent.Stopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0));
    var provisioning = after(created());
    var starting = then(stopped, new InstanceEvent.StartRequested("key", 2, "", T0));
    var errored =
        then(
            provisioning,
            new InstanceEvent.Failed(
                1, Optional.of(Stage.CREATE_SANDBOX), T0, "IMAGE_MISSING", "no image", T0));
    var states = new LinkedHashMap<String, InstanceState>();
    states.put("Absent", new InstanceState.Absent());
    states.put("Tombstone", after(new InstanceEvent.CreationForbidden("org", T0)));
    states.put("Provisioning", provisioning);
    states.put("Running", running());
    states.put("Stopping", stopping);
    states.put("Restarting", then(running(), new InstanceEvent.RestartRequested("key", T0)));
    states.put("Waiting", then(running(), lost(1, false, T0)));
    states.put("Stopped", stopped);
    states.put("Starting", starting);
    states.put("Errored", errored);
    states.put("Deleted", then(running(), new InstanceEvent.Deleted("key", "delete", T0)));
    states.put("Warming", after(memberCreated()));
    states.put("Pooled", pooled());
    states.put("Discarded", then(pooled(), new InstanceEvent.Discarded(false, "", T0)));
    return states;
  }

  static Profile ofAnotherOrganization(Profile p) {
    return new Profile(
        "0190a000-0000-7000-8000-000000000002",
        p.name(),
        p.model(),
        p.sandboxProvider(),
        p.sandboxImage(),
        p.openclawVersion(),
        p.region(),
        p.labels(),
        p.configVersion(),
        p.appliedVersion(),
        p.token(),
        p.config(),
        p.homes(),
        p.sandbox(),
        p.createdAt(),
        p.updatedAt(),
        p.pendingSince(),
        p.createRequestId());
  }
}
