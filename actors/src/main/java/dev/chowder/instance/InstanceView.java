package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Waiting;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * An instance as others see it at one revision: what replies, watches and read rows carry. Holds no
 * secret and no configuration.
 *
 * @param status its sort and where it is going
 * @param revision the number of its last persisted event
 * @param attempt which life it is in
 * @param stage what is happening right now
 * @param stageSince when that began
 * @param endpoint where its gateway answers; only while it runs
 * @param servedBy how the present life came to run: {@code cold} or {@code boot}
 * @param ranBefore whether its gateway ran at some time, so that it has a public URL
 * @param hasSandbox whether its sandbox was made and is not being removed
 * @param slotHeld whether it still takes a slot of its organization
 * @param slotReturns how often it gave a slot back since it failed
 * @param owes whether something is still to be done outside
 */
public record InstanceView(
    InstanceId id,
    int revision,
    InstanceStatus status,
    Profile profile,
    int attempt,
    Optional<String> stage,
    Optional<Instant> stageSince,
    List<StageRecord> stages,
    Optional<String> endpoint,
    Optional<String> servedBy,
    boolean ranBefore,
    boolean hasSandbox,
    Optional<String> errorReason,
    Optional<String> errorMessage,
    boolean slotHeld,
    int slotReturns,
    boolean owes) {

  /** Deleted for good; what is left of it outside is being removed. */
  @JsonIgnore
  public boolean isTerminated() {
    return status.now() == InstanceStatus.Name.TERMINATED;
  }

  static Optional<InstanceView> of(InstanceId id, int revision, InstanceState state) {
    return state instanceof Existing born ? Optional.of(of(id, revision, born)) : Optional.empty();
  }

  private static InstanceView of(InstanceId id, int revision, Existing state) {
    Optional<String> stage =
        switch (state) {
          case Provisioning s -> Optional.of(s.progress().current().label());
          case Starting s -> Optional.of(s.progress().current().label());
          case Stopping _, Restarting _ -> Optional.of("stop_gateway");
          case Waiting _ -> Optional.of("await_start");
          case Running r when r.profile().token().isPending() -> Optional.of("rotate_token");
          case Stopped s when s.profile().token().isPending() -> Optional.of("rotate_token");
          case Running r when r.profile().configPending() -> Optional.of("apply_config");
          case Errored e when e.cleanupPending() -> Optional.of("clean_up");
          case Deleted d when d.cleanupPending() -> Optional.of("remove_sandbox");
          case Running _, Stopped _, Errored _, Deleted _ -> Optional.empty();
        };
    Optional<Instant> since =
        switch (state) {
          case Provisioning s -> Optional.of(s.progress().since());
          case Starting s -> Optional.of(s.progress().since());
          case Stopping s -> Optional.of(s.since());
          case Restarting s -> Optional.of(s.since());
          case Waiting s -> Optional.of(s.since());
          case Running _, Stopped _, Errored _, Deleted _ -> Optional.empty();
        };
    List<StageRecord> stages =
        switch (state) {
          case Provisioning s -> s.progress().done();
          case Starting s -> s.progress().done();
          case Running s -> s.stages();
          case Stopping s -> s.stages();
          case Restarting s -> s.stages();
          case Waiting s -> s.stages();
          case Stopped s -> s.stages();
          case Errored s -> s.stages();
          case Deleted _ -> List.of();
        };
    boolean ranBefore =
        switch (state) {
          case Provisioning _, Deleted _ -> false;
          case Errored e -> !e.profile().homes().used().isEmpty();
          case Running _, Stopping _, Restarting _, Waiting _, Stopped _, Starting _ -> true;
        };
    return new InstanceView(
        id,
        revision,
        InstanceStatus.of(state),
        state.profile(),
        state.attempt(),
        stage,
        since,
        stages,
        state instanceof Running r ? Optional.of(r.endpoint()) : Optional.empty(),
        state instanceof Running r
            ? Optional.of(r.provisioned() ? "cold" : "boot")
            : Optional.empty(),
        ranBefore,
        switch (state) {
          case Provisioning p -> !p.progress().done().isEmpty();
          case Errored e -> e.homeKept();
          case Running _, Stopping _, Restarting _, Waiting _, Stopped _, Starting _ -> true;
          case Deleted _ -> false;
        },
        state instanceof Errored e ? Optional.of(e.reason()) : Optional.empty(),
        state instanceof Errored e ? Optional.of(e.message()) : Optional.empty(),
        switch (state) {
          case Errored e -> e.slotHeld();
          case Deleted d -> d.slotHeld();
          case Provisioning _, Running _, Stopping _, Restarting _ -> true;
          case Waiting _, Stopped _, Starting _ -> true;
        },
        state instanceof Errored e ? e.slotReturns() : 0,
        !(state.pendingEffect() instanceof InstanceEffect.None));
  }
}
