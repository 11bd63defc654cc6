package dev.chowder.instance;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.instance.Decision.accept;
import static dev.chowder.instance.Decision.reject;

import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceState.Absent;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Ended;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.InProgress;
import dev.chowder.instance.InstanceState.Member;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Progress;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The state machine of an instance: decides on commands and applies events. Pure and total. Every
 * transition is defined here, in {@link MemberRules} or in {@link ObservationRules}.
 */
public final class InstanceLifecycle {
  private InstanceLifecycle() {}

  /** Returns the events that a command causes in this state, or its rejection. */
  public static Decision decide(InstanceState state, InstanceCommand command) {
    return switch (command) {
      case InstanceCommand.Create c ->
          state instanceof Absent
              ? accept(new InstanceEvent.Created(c.keyId(), c.profile(), c.now()))
              : isCreatedBy(state, c.profile())
                  ? accept()
                  : reject(new InstanceRejection.AlreadyExists());
      case InstanceCommand.Warm(var profile, var setup, var now, _) ->
          state instanceof Absent
              ? accept(new InstanceEvent.MemberCreated(profile, setup, now))
              : isCreatedBy(state, profile)
                  ? accept()
                  : reject(new InstanceRejection.AlreadyExists());
      case InstanceCommand.Claim c -> MemberRules.claim(state, c);
      case InstanceCommand.Discard(var now) -> MemberRules.discard(state, false, "", now);
      case InstanceCommand.ClaimFound found -> MemberRules.claimFound(state, found);
      case InstanceCommand.ReleaseUnusedSlot(var organizationId, var now, _) ->
          switch (state) {
            case Absent() -> accept(new InstanceEvent.CreationForbidden(organizationId, now));
            case Tombstone s -> slotFound(s.slotHeld(), now);
            // A claim that arrives later is rejected.
            case Member _ -> MemberRules.discard(state, true, "", now);
            case Ended s -> slotFound(s.slotHeld(), now);
            case Provisioning _, Running _, Stopping _, Restarting _ -> accept();
            case Waiting _, Stopped _, Starting _ -> accept();
          };
      case InstanceCommand.RefreshRow _ -> accept();
      case InstanceCommand.Get _, InstanceCommand.Watch _ ->
          state instanceof Existing ? accept() : reject(new InstanceRejection.NotFound());
      case InstanceCommand.Stop stop -> StopRules.decide(state, stop);
      case InstanceCommand.Start(var keyId, var now, _) ->
          switch (state) {
            case Stopped s ->
                accept(new InstanceEvent.StartRequested(keyId, s.attempt() + 1, "", now));
            case Restarting _, Waiting _, Starting _, Running _ -> accept();
            case Provisioning _, Stopping _, Errored _ -> wrongState((Existing) state, "stopped");
            case Absent(), Tombstone _, Deleted _, Member _ ->
                reject(new InstanceRejection.NotFound());
          };
      case InstanceCommand.Restart(var keyId, var now, _) ->
          switch (state) {
            case Running _ -> accept(new InstanceEvent.RestartRequested(keyId, now));
            case Restarting _, Waiting _, Starting _ -> accept();
            case Provisioning _, Stopping _, Stopped _, Errored _ ->
                wrongState((Existing) state, "running");
            case Absent(), Tombstone _, Deleted _, Member _ ->
                reject(new InstanceRejection.NotFound());
          };
      case InstanceCommand.Recover r ->
          switch (state) {
            case Errored e -> recover(e, r);
            case Provisioning p when p.attempt() > 1 && !p.wasClaimed() -> accept();
            case Restarting _, Waiting _, Starting _, Running _ -> accept();
            case Provisioning _, Stopping _, Stopped _ -> wrongState((Existing) state, "error");
            case Absent(), Tombstone _, Deleted _, Member _ ->
                reject(new InstanceRejection.NotFound());
          };
      case InstanceCommand.Delete(var keyId, var requestId, var now, _) ->
          switch (state) {
            // The same request was resent because its reply was lost.
            case Deleted d when d.requestId().equals(requestId) -> accept();
            case Deleted _, Absent(), Tombstone _, Member _ ->
                reject(new InstanceRejection.NotFound());
            case Existing _ -> accept(new InstanceEvent.Deleted(keyId, requestId, now));
          };
      case InstanceCommand.Update u ->
          state instanceof Existing existing && !isHidden(existing)
              ? UpdateRules.update(existing, u)
              : reject(new InstanceRejection.NotFound());
      case InstanceCommand.SwitchChannel s ->
          state instanceof Existing existing && !isHidden(existing)
              ? switchChannel(existing, s)
              : reject(new InstanceRejection.NotFound());
      case InstanceCommand.RotateToken r ->
          switch (state) {
            case Running s -> rotate(s, r);
            case Stopped s -> rotate(s, r);
            case Provisioning _, Stopping _, Restarting _, Waiting _, Starting _, Errored _ ->
                wrongState((Existing) state, "running or stopped");
            case Absent(), Tombstone _, Deleted _, Member _ ->
                reject(new InstanceRejection.NotFound());
          };
      case InstanceCommand.Redispatch(var now, var overdue) -> overdue(state, now, overdue);
      case InstanceCommand.StagesFinished f -> stagesFinished(state, f);
      case InstanceCommand.EffectFailed f ->
          !isOf(state, f)
              ? accept()
              : state instanceof Warming
                  ? MemberRules.discard(state, false, f.reason(), f.now())
                  : failed(state, f);
      case InstanceCommand.StartDue(var attempt, var now) ->
          state instanceof Waiting w && w.attempt() == attempt
              ? accept(new InstanceEvent.StartRequested("", attempt + 1, w.cause(), now))
              : accept();
      case InstanceCommand.GatewayStopped(var attempt, var level, var boot, var memory, var now) ->
          isStopping(state, attempt) && !(level != SleepLevel.OFF && mustEnd(state))
              ? accept(new InstanceEvent.Stopped(attempt, level, boot, memory, now))
              : accept();
      case InstanceCommand.Deepen(var level, var now, _) ->
          switch (state) {
            case Stopped s -> deepen(s, level, now);
            case Stopping s when level == SleepLevel.OFF && !s.ends() ->
                accept(new InstanceEvent.StopRequested("", true, now));
            case Existing e when !isHidden(e) -> accept();
            case Absent(), Tombstone _, Existing _ -> reject(new InstanceRejection.NotFound());
          };
      case InstanceCommand.SleepReached(var attempt, var level, var memory, var now) ->
          state instanceof Stopped s && s.attempt() == attempt && s.sleep().holdsProcesses()
              ? sleepReached(s, level, memory, now)
              : accept();
      case InstanceCommand.ConfigApplied c ->
          state instanceof Running r
                  && r.attempt() == c.attempt()
                  && c.configVersion() > r.profile().appliedVersion()
              ? accept(c.event())
              : accept();
      case InstanceCommand.TokenRotated(var attempt, var rotation, var now) ->
          switch (state) {
            case Running r -> rotated(r, attempt, rotation, now);
            case Stopped s -> rotated(s, attempt, rotation, now);
            case InstanceState _ -> accept();
          };
      case InstanceCommand.SlotReleased(var now) ->
          switch (state) {
            case Tombstone s when s.slotHeld() -> accept(new InstanceEvent.SlotReleased(now));
            case Ended s when s.slotHeld() -> accept(new InstanceEvent.SlotReleased(now));
            case InstanceState _ -> accept();
          };
      case InstanceCommand.Removed(var attempt, var scope, var now) ->
          switch (state) {
            case Errored s when s.cleanupPending() && s.attempt() == attempt ->
                accept(new InstanceEvent.SandboxRemoved(now));
            // A removal that began before the deletion leaves the home volume or the secrets.
            case Deleted s when s.cleanupPending() && scope == InstanceEffect.Scope.EVERYTHING ->
                accept(new InstanceEvent.SandboxRemoved(now));
            case Discarded s when s.cleanupPending() ->
                accept(new InstanceEvent.SandboxRemoved(now));
            case InstanceState _ -> accept();
          };
      case InstanceCommand.Observed o -> ObservationRules.decide(state, o);
    };
  }

  static Decision deepen(Stopped state, SleepLevel level, Instant now) {
    return level.isDeeperThan(state.sleep().wanted())
        ? accept(new InstanceEvent.SleepRequested(level, now))
        : accept();
  }

  /** Ignores a late report of a level that another run has passed. */
  private static Decision sleepReached(
      Stopped state, SleepLevel level, SleepMemory memory, Instant now) {
    boolean reached = level.isDeeperThan(state.sleep().level());
    boolean gaveUp =
        level == state.sleep().level() && state.sleep().wanted() == SleepLevel.PAGED_OUT;
    return reached || gaveUp
        ? accept(new InstanceEvent.SleepReached(state.attempt(), level, memory, now))
        : accept();
  }

  private static Decision failed(InstanceState state, InstanceCommand.EffectFailed f) {
    if (ObservationRules.isEngineLoss(f.reason())) {
      // The stop stays pending and is dispatched again until the engine responds.
      if (state instanceof Stopping) return accept();
      if (state instanceof Starting || state instanceof Restarting) {
        return accept(
            new InstanceEvent.GatewayLost(f.attempt(), f.reason(), f.message(), false, f.now()));
      }
    }
    return accept(
        new InstanceEvent.Failed(
            f.attempt(), f.stage(), f.startedAt(), f.reason(), f.message(), f.now()));
  }

  /** Returns whether callers do not find an instance in this phase. */
  private static boolean isHidden(Existing state) {
    return state instanceof Deleted || state instanceof Member;
  }

  /** Returns whether the request of this profile created the instance, so that it was resent. */
  static boolean isCreatedBy(InstanceState state, Profile profile) {
    return state instanceof Existing existing
        && existing.profile().createRequestId().equals(profile.createRequestId());
  }

  /** Joins a pending rotation. A resent request causes no further rotation. */
  private static Decision rotate(Existing state, InstanceCommand.RotateToken r) {
    var token = state.profile().token();
    return token.isPending() || token.isRepeated(r.requestId())
        ? accept()
        : accept(new InstanceEvent.TokenRotationRequested(r.keyId(), r.requestId(), r.now()));
  }

  private static Decision rotated(Existing state, int attempt, int rotation, Instant now) {
    return state.attempt() == attempt && rotation > state.profile().token().done()
        ? accept(new InstanceEvent.TokenRotated(attempt, rotation, now))
        : accept();
  }

  private static Decision slotFound(boolean slotHeld, Instant now) {
    return slotHeld ? accept() : accept(new InstanceEvent.SlotFound(now));
  }

  /** Rejects a recover while a slot is held, or if one was released after the caller's reserve. */
  private static Decision recover(Errored state, InstanceCommand.Recover r) {
    if (state.slotHeld()
        || state.attempt() != r.attempt()
        || state.slotReturns() != r.slotReturns()) {
      return reject(new InstanceRejection.SlotReturned());
    }
    var homes = state.profile().homes();
    // A home volume that the journal does not know is kept too, since it may be the agent's. Before
    // a restore, an agent may have run in it in an attempt that is later than the journal.
    boolean ranLater = r.ran() > state.attempt();
    var kept = r.home().filter(seen -> ranLater || !homes.isUnused(seen, state.attempt()));
    // A new volume is numbered by its attempt, so the attempt must exceed the number of this one.
    // A volume with an unreadable label has no number.
    int taken = kept.filter(home -> home != Homes.UNREADABLE).orElse(0);
    int attempt = Math.max(Math.max(state.attempt(), r.ran()), taken) + 1;
    return accept(
        kept.map(
                home ->
                    new InstanceEvent.Recovered(
                        r.keyId(),
                        attempt,
                        true,
                        homes.used(home).map(Homes.Used::model).orElse(state.profile().model()),
                        home,
                        r.now()))
            .orElseGet(
                () ->
                    new InstanceEvent.Recovered(
                        r.keyId(), attempt, false, r.model(), attempt, r.now())));
  }

  private static Decision switchChannel(Existing state, InstanceCommand.SwitchChannel s) {
    var config = state.profile().config();
    if (config.remembers(s.version())) return accept();
    return config.channels().getOrDefault(s.channel(), "").equals(s.base())
        ? accept(
            new InstanceEvent.ChannelSwitched(
                s.keyId(), s.channel(), s.enabled(), s.version(), s.now()))
        : reject(new InstanceRejection.Superseded());
  }

  private static Decision overdue(InstanceState state, Instant now, Duration overdue) {
    return switch (state) {
      case InProgress s when s.progress().since().plus(overdue).isBefore(now) ->
          s instanceof Warming
              ? MemberRules.discard(s, false, "TIMED_OUT", now)
              : accept(timedOut(s.attempt(), s.progress(), overdue, now));
      case InstanceState _ -> accept();
    };
  }

  private static InstanceEvent timedOut(
      int attempt, Progress progress, Duration overdue, Instant now) {
    return new InstanceEvent.Failed(
        attempt,
        Optional.of(progress.current()),
        progress.since(),
        "TIMED_OUT",
        cannot(
            "finish stage " + progress.current().label(),
            "it took "
                + Duration.between(progress.since(), now).toSeconds()
                + " s, more than its limit of "
                + overdue.toSeconds()
                + " s"),
        now);
  }

  private static Decision stagesFinished(InstanceState state, InstanceCommand.StagesFinished f) {
    var events = new ArrayList<InstanceEvent>();
    var now = state;
    for (var one : f.stages()) {
      if (!isAt(now, f.attempt(), one.done().stage())) continue;
      var event = one.event(f.attempt());
      events.add(event);
      now = evolve(now, event);
    }
    return accept(events);
  }

  private static boolean isAt(InstanceState state, int attempt, Stage stage) {
    return state instanceof InProgress s
        && s.attempt() == attempt
        && s.progress().current() == stage;
  }

  private static boolean isOf(InstanceState state, InstanceCommand.EffectFailed failure) {
    return failure
        .stage()
        .map(stage -> isAt(state, failure.attempt(), stage))
        .orElseGet(() -> isStopping(state, failure.attempt()));
  }

  /** Returns whether a stop may leave no frozen process, so that a late report is ignored. */
  private static boolean mustEnd(InstanceState state) {
    return state instanceof Stopping s && s.ends();
  }

  private static boolean isStopping(InstanceState state, int attempt) {
    return switch (state) {
      case Stopping s -> s.attempt() == attempt;
      case Restarting s -> s.attempt() == attempt;
      case InstanceState _ -> false;
    };
  }

  static Decision wrongState(Existing state, String expected) {
    var status = InstanceStatus.of(state);
    return reject(
        new InstanceRejection.WrongState(status.now().label(), status.desired().label(), expected));
  }

  /** Returns the state after an event. Throws if the event cannot occur in this state. */
  public static InstanceState evolve(InstanceState state, InstanceEvent event) {
    var next = apply(state, event);
    var pending = next.pendingEffect();
    // A gateway that applied one change may still have to apply a later one.
    boolean isNew =
        !pending.continues(state.pendingEffect())
            || (event instanceof InstanceEvent.ConfigApplied
                && pending instanceof InstanceEffect.ApplyConfig);
    return isNew && next instanceof Existing existing
        ? existing.with(existing.profile().withPendingSince(event.at()))
        : next;
  }

  private static InstanceState apply(InstanceState state, InstanceEvent event) {
    return switch (event) {
      case InstanceEvent.Created(_, var profile, var at) ->
          new Provisioning(profile, 1, Progress.begin(Stage.OF_PROVISIONING, at), false);
      case InstanceEvent.MemberCreated(var profile, var setup, var at) ->
          new Warming(profile, 1, setup, Progress.begin(Stage.OF_WARMING, at));
      case InstanceEvent.Claimed claimed ->
          MemberRules.claimed(expect(Pooled.class, state, event), claimed);
      case InstanceEvent.Discarded(var slotHeld, var reason, var at) ->
          switch (state) {
            case Discarded d -> d.withSlot(true);
            case Member m ->
                new Discarded(m.profile().at(at), m.attempt(), m.setup(), slotHeld, reason, true);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.CreationForbidden(var organizationId, _) ->
          new Tombstone(organizationId, true);
      case InstanceEvent.StageFinished f -> stageFinished(state, f);
      case InstanceEvent.Failed f -> errored(state, f);
      case InstanceEvent.StopRequested(_, var ends, var at) ->
          switch (state) {
            case Running r ->
                new Stopping(r.profile().at(at), r.attempt(), r.endpoint(), r.stages(), ends, at);
            case Stopped s ->
                new Stopping(s.profile().at(at), s.attempt(), "", s.stages(), ends, at);
            case Waiting w ->
                new Stopping(w.profile().at(at), w.attempt(), "", w.stages(), ends, at);
            case Stopping s -> s.ending(at);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.Stopped(var attempt, var level, var boot, var memory, var at) ->
          switch (state) {
            case Stopping s ->
                new Stopped(
                    s.profile().at(at), attempt, s.stages(), Sleep.at(level, boot, at, memory));
            case Restarting s -> starting(s.profile(), attempt + 1, at, Restarts.NONE, Sleep.OFF);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.SleepRequested(var level, _) -> {
        var s = expect(Stopped.class, state, event);
        yield s.with(s.sleep().wanting(level));
      }
      case InstanceEvent.SleepReached(_, var level, var memory, _) -> {
        var s = expect(Stopped.class, state, event);
        yield s.with(s.sleep().reached(level, memory));
      }
      case InstanceEvent.StartRequested(_, var attempt, var cause, var at) -> {
        var existing = expect(Existing.class, state, event);
        var restarts =
            switch (existing) {
              case Waiting w when !cause.isEmpty() -> w.restarts();
              // Older versions started a lost gateway at once, without GatewayLost.
              case Running r when !cause.isEmpty() -> r.restarts().afterCrash(at);
              case Existing _ -> Restarts.NONE;
            };
        var sleep = existing instanceof Stopped s ? s.sleep() : Sleep.OFF;
        // A thawed process would keep the previous token.
        boolean mustBoot = sleep.holdsProcesses() && existing.profile().token().isPending();
        yield starting(
            existing.profile(),
            attempt,
            at,
            restarts,
            mustBoot ? sleep.wanting(SleepLevel.OFF) : sleep);
      }
      case InstanceEvent.GatewayLost lost ->
          switch (state) {
            case Running r -> waiting(r, r.stages(), r.restarts(), lost);
            case Starting s -> waiting(s, s.progress().done(), s.restarts(), lost);
            case Restarting r -> waiting(r, r.stages(), Restarts.NONE, lost);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.RestartRequested(_, var at) -> {
        var r = expect(Running.class, state, event);
        yield new Restarting(r.profile().at(at), r.attempt(), r.stages(), at);
      }
      case InstanceEvent.Recovered(_, var attempt, var homeKept, var model, var home, var at) -> {
        var profile = expect(Errored.class, state, event).profile();
        yield homeKept
            ? starting(profile.withHome(home, model), attempt, at, Restarts.NONE, Sleep.OFF)
            : new Provisioning(
                profile.withNewHome(model, home).at(at),
                attempt,
                Progress.begin(Stage.OF_PROVISIONING, at),
                false);
      }
      case InstanceEvent.LaterAttemptFound(var attempt, var home, var endpoint, var at) ->
          switch (state) {
            case Running r -> r.foundAs(attempt, endpoint, found(r.profile(), home).at(at));
            case Stopped s ->
                new Stopped(found(s.profile(), home).at(at), attempt, s.stages(), Sleep.OFF);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.SlotFound _ ->
          switch (state) {
            case Tombstone s -> new Tombstone(s.organizationId(), true);
            case Errored e -> e.withSlot(true);
            case Deleted d -> d.withSlot(true);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.Deleted(_, var requestId, var at) -> {
        var existing = expect(Existing.class, state, event);
        boolean slotHeld = !(existing instanceof Errored e) || e.slotHeld();
        yield new Deleted(existing.profile().at(at), existing.attempt(), slotHeld, true, requestId);
      }
      case InstanceEvent.SlotReleased _ ->
          switch (state) {
            case Tombstone s -> new Tombstone(s.organizationId(), false);
            case Ended e -> e.withSlot(false);
            case InstanceState _ -> throw corrupt(state, event);
          };
      case InstanceEvent.SandboxRemoved _ ->
          expect(Ended.class, state, event).withCleanupPending(false);
      case InstanceEvent.LeftoverFound _ ->
          expect(Ended.class, state, event).withCleanupPending(true);
      case InstanceEvent.Updated u -> {
        var existing = expect(Existing.class, state, event);
        yield existing.with(existing.profile().updated(u));
      }
      case InstanceEvent.ConfigApplied c -> {
        var r = expect(Running.class, state, event);
        var taken = c.refused() ? Taken.REFUSED : Taken.APPLIED;
        yield r.with(r.profile().applied(c.configVersion(), c.overrides(), taken).at(c.at()));
      }
      case InstanceEvent.TokenRotationRequested(_, var requestId, var at) -> {
        var existing = expect(Existing.class, state, event);
        yield existing.with(
            existing.profile().with(existing.profile().token().afterRequest(requestId)).at(at));
      }
      case InstanceEvent.TokenRotated(_, var rotation, var at) -> {
        var existing = expect(Existing.class, state, event);
        yield existing.with(
            existing.profile().with(existing.profile().token().afterRotation(rotation)).at(at));
      }
      case InstanceEvent.ChannelSwitched(_, var channel, _, var version, var at) -> {
        var existing = expect(Existing.class, state, event);
        var values = existing.profile().config().withChannel(channel, version);
        yield existing.with(existing.profile().reconfigured(values).at(at));
      }
      case InstanceEvent.EndpointMoved(_, var endpoint, var at) -> {
        var r = expect(Running.class, state, event);
        yield r.movedTo(endpoint).with(r.profile().at(at));
      }
    };
  }

  private static Profile found(Profile profile, int home) {
    return profile.withHome(home, profile.model()).afterAgentRan();
  }

  /** An agent counts as having run once its gateway was ready, whatever happens afterwards. */
  private static Profile finished(Profile profile, InstanceEvent.StageFinished event) {
    var applied = applied(profile, event);
    return event.done().stage() == Stage.START_GATEWAY ? applied.afterAgentRan() : applied;
  }

  private static InstanceState stageFinished(
      InstanceState state, InstanceEvent.StageFinished event) {
    return switch (state) {
      case Provisioning s -> {
        var profile = finished(s.profile(), event);
        var progress = s.progress().with(event.done(), event.at());
        boolean booted = event.done().stage() == Stage.START_GATEWAY && !event.thawed();
        yield s.progress().isLast()
            ? new Running(
                profile,
                s.attempt(),
                endpoint(state, event),
                progress.done(),
                s.claimed() ? ServedBy.POOL : ServedBy.COLD,
                Restarts.NONE)
            : new Provisioning(profile, s.attempt(), progress, s.claimed() && !booted);
      }
      case Warming s -> {
        var profile = finished(s.profile(), event);
        var progress = s.progress().with(event.done(), event.at());
        yield s.progress().isLast()
            ? new Pooled(
                profile,
                s.attempt(),
                s.setup(),
                endpoint(state, event),
                progress.done(),
                event.at())
            : new Warming(profile, s.attempt(), s.setup(), progress);
      }
      case Starting s -> {
        var profile = finished(s.profile(), event);
        var progress = s.progress().with(event.done(), event.at());
        boolean booted = event.done().stage() == Stage.START_GATEWAY && !event.thawed();
        yield s.progress().isLast()
            ? new Running(
                profile,
                s.attempt(),
                endpoint(state, event),
                progress.done(),
                ServedBy.of(s.sleep()),
                s.restarts())
            : new Starting(
                profile, s.attempt(), progress, s.restarts(), booted ? Sleep.OFF : s.sleep());
      }
      case InstanceState _ -> throw corrupt(state, event);
    };
  }

  private static Profile applied(Profile profile, InstanceEvent.StageFinished event) {
    return profile
        .applied(event.configVersion(), event.overrides(), Taken.APPLIED)
        .withSandbox(event)
        .at(event.at());
  }

  private static Starting starting(
      Profile profile, int attempt, Instant at, Restarts restarts, Sleep sleep) {
    return new Starting(
        profile.at(at), attempt, Progress.begin(Stage.OF_START, at), restarts, sleep);
  }

  private static Waiting waiting(
      Existing state, List<StageRecord> stages, Restarts before, InstanceEvent.GatewayLost lost) {
    return new Waiting(
        state.profile().at(lost.at()),
        lost.attempt(),
        stages,
        lost.message(),
        !lost.byItself(),
        lost.byItself() ? before.afterCrash(lost.at()) : before.afterEngineLoss(lost.at()),
        lost.at());
  }

  private static String endpoint(InstanceState state, InstanceEvent.StageFinished event) {
    return event.endpoint().orElseThrow(() -> corrupt(state, event));
  }

  private static InstanceState errored(InstanceState state, InstanceEvent.Failed f) {
    var existing = expect(Existing.class, state, f);
    List<StageRecord> done =
        switch (existing) {
          case Errored _, Deleted _, Warming _, Pooled _ -> throw corrupt(state, f);
          case Existing _ -> existing.stages();
        };
    var stages =
        f.stage()
            .map(
                stage ->
                    InstanceState.append(
                        done,
                        new StageRecord(
                            stage,
                            StageRecord.Outcome.FAILED,
                            f.startedAt(),
                            (int) Duration.between(f.startedAt(), f.at()).toMillis(),
                            "")))
            .orElse(done);
    // A member fails only if it was claimed. An older database may not know that its gateway ran.
    var profile =
        existing instanceof Discarded d ? d.profile().afterAgentRan() : existing.profile();
    return new Errored(
        profile.at(f.at()),
        existing.attempt(),
        f.reason(),
        f.message(),
        stages,
        profile.homes().agentRan(),
        true,
        0,
        true);
  }

  private static <S extends InstanceState> S expect(
      Class<S> want, InstanceState got, InstanceEvent event) {
    if (!want.isInstance(got)) throw corrupt(got, event);
    return want.cast(got);
  }

  private static IllegalStateException corrupt(InstanceState state, InstanceEvent event) {
    return new IllegalStateException(
        cannot(
            "apply the event " + event.getClass().getSimpleName(),
            "the instance is in state " + state.getClass().getSimpleName()));
  }
}
