package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Ended;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.InProgress;
import dev.chowder.instance.InstanceState.Member;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Waiting;
import dev.chowder.instance.InstanceState.Warming;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The public data of an instance at one revision. Replies, watches and read rows contain it. Holds
 * no secret and no configuration.
 *
 * @param revision the number of its last persisted event
 * @param status its current and its desired status
 * @param attempt the number of the current run of its gateway
 * @param stage the current stage; empty if nothing is in progress
 * @param stageSince the start of the current stage; empty if it is not recorded
 * @param stages the finished stages of the last provisioning or start
 * @param endpoint the gateway's address; empty unless the gateway runs
 * @param servedBy how the current attempt came to run; empty unless the gateway runs
 * @param sleep the sleep of a stopped instance; empty otherwise
 * @param member what a pool member was provisioned with; empty if the instance is none
 * @param ranBefore whether its gateway has ever run, so that the instance has a public URL
 * @param hasSandbox whether its sandbox was created and is not being removed
 * @param slotHeld whether it holds a slot of its organization
 * @param slotReturns number of slots that were released since it failed
 * @param effectPending whether an effect is pending
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
    Optional<Sleep> sleep,
    Optional<PoolSetup> member,
    boolean ranBefore,
    boolean hasSandbox,
    Optional<String> errorReason,
    Optional<String> errorMessage,
    boolean slotHeld,
    int slotReturns,
    @JsonProperty("owes") boolean effectPending) {

  /** Returns whether the instance was deleted. Its sandbox may still exist. */
  @JsonIgnore
  public boolean isTerminated() {
    return status.now() == InstanceStatus.Name.TERMINATED;
  }

  /** Returns whether callers find the instance: it was not deleted, and is no pool member. */
  @JsonIgnore
  public boolean isListed() {
    return !isTerminated() && member.isEmpty();
  }

  /** Returns the view of a state; empty if the instance was never created. */
  static Optional<InstanceView> of(InstanceId id, int revision, InstanceState state) {
    return state instanceof Existing existing
        ? Optional.of(of(id, revision, existing))
        : Optional.empty();
  }

  private static Optional<String> endpointOfMember(Existing state) {
    return state instanceof Pooled p ? Optional.of(p.endpoint()) : Optional.empty();
  }

  private static InstanceView of(InstanceId id, int revision, Existing state) {
    Optional<String> stage =
        switch (state) {
          case InProgress s -> Optional.of(s.progress().current().label());
          case Stopping _, Restarting _ -> Optional.of("stop_gateway");
          case Waiting _ -> Optional.of("await_start");
          case Running r when r.profile().token().isPending() -> Optional.of("rotate_token");
          case Stopped s when s.profile().token().isPending() -> Optional.of("rotate_token");
          case Stopped s when s.sleep().isDeepening() -> Optional.of("deepen_sleep");
          case Running r when r.profile().configPending() -> Optional.of("apply_config");
          case Errored e when e.cleanupPending() -> Optional.of("clean_up");
          case Ended e when e.cleanupPending() -> Optional.of("remove_sandbox");
          case Running _, Stopped _, Pooled _, Ended _ -> Optional.empty();
        };
    Optional<Instant> since =
        switch (state) {
          case InProgress s -> Optional.of(s.progress().since());
          case Pooled s -> Optional.of(s.since());
          case Stopping s -> Optional.of(s.since());
          case Restarting s -> Optional.of(s.since());
          case Waiting s -> Optional.of(s.since());
          case Running _, Stopped _, Ended _ -> Optional.empty();
        };
    boolean ranBefore =
        switch (state) {
          case Provisioning p -> p.claimed();
          case Deleted _, Member _ -> false;
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
        state.stages(),
        state instanceof Running r ? Optional.of(r.endpoint()) : endpointOfMember(state),
        state instanceof Running r ? Optional.of(r.servedBy().label()) : Optional.empty(),
        state instanceof Stopped s ? Optional.of(s.sleep()) : Optional.empty(),
        state instanceof Member m ? Optional.of(m.setup()) : Optional.empty(),
        ranBefore,
        switch (state) {
          case Provisioning p -> !p.progress().done().isEmpty();
          case Errored e -> e.homeKept();
          case Running _, Stopping _, Restarting _, Waiting _, Stopped _, Starting _ -> true;
          case Warming w -> !w.progress().done().isEmpty();
          case Pooled _ -> true;
          case Deleted _, Discarded _ -> false;
        },
        switch (state) {
          case Errored e -> Optional.of(e.reason());
          case Discarded d when !d.reason().isEmpty() -> Optional.of(d.reason());
          case Existing _ -> Optional.empty();
        },
        state instanceof Errored e ? Optional.of(e.message()) : Optional.empty(),
        switch (state) {
          case Ended e -> e.slotHeld();
          case Warming _, Pooled _ -> false;
          case Provisioning _, Running _, Stopping _, Restarting _ -> true;
          case Waiting _, Stopped _, Starting _ -> true;
        },
        state instanceof Errored e ? e.slotReturns() : 0,
        !(state.pendingEffect() instanceof InstanceEffect.None));
  }
}
