package dev.chowder.reconcile;

import static dev.chowder.reconcile.ModelEffects.NOW;

import dev.chowder.instance.Decision;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceLifecycle;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceState;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.MemberViews;
import dev.chowder.instance.Stage;
import dev.chowder.reconcile.ModelEffects.Luck;
import dev.chowder.reconcile.ModelHost.Gateway;
import dev.chowder.reconcile.ModelHost.Home;
import dev.chowder.reconcile.ModelHost.Kind;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Lists what can happen next to an instance and its host: commands, steps of its pending effect,
 * reconciliation, and faults. The instance decides by the real rules. All times are equal.
 */
final class LifecycleModel {
  static final SandboxId SANDBOX = SandboxId.ofInstance("0190a000-0000-7000-8000-00000000000a");
  static final ActorRef<InstanceReply> REPLY_TO = TestInbox.<InstanceReply>create().getRef();
  static final RestartPolicy POLICY = new RestartPolicy(1, Duration.ofHours(1));

  private LifecycleModel() {}

  /** The kinds of events. Only commands and faults are limited. */
  enum Kinds {
    PROGRESS,
    COMMAND,
    FAULT
  }

  /** The possible cause of an error. */
  enum Blame {
    NOTHING(0),
    /** The home volume or its host was lost. */
    HOME(1),
    /** The process ended, was removed or was frozen without Chowder. */
    PROCESS(2),
    /** An effect failed finally. */
    EFFECT(4),
    /** The disk was full. */
    DISK(8),
    /** A paused node performed an effect late. */
    LATE(16),
    /** The gateway did not take a configuration. */
    CONFIG(32);

    private final int mask;

    Blame(int mask) {
      this.mask = mask;
    }

    int mask() {
      return mask;
    }
  }

  /** The promise of the last accepted command. */
  enum Wanted {
    NOTHING,
    RUNNING,
    STOPPED,
    /** Stopped, and no process stays frozen. */
    ENDED,
    DELETED,
    POOLED,
    DISCARDED
  }

  /** Something that was sent before, and arrives at any later time. */
  sealed interface Late {
    record None() implements Late {}

    /** A report of an effect or of an observation. */
    record Report(InstanceCommand.Report report) implements Late {}

    /** The call of a node that was paused before it. */
    record Call(InstanceEffect effect, boolean homeKnown) implements Late {}

    /** A recover whose caller was paused after it reserved the slot. */
    record Recover(InstanceCommand.Recover command) implements Late {}
  }

  static final Late NOT_LATE = new Late.None();

  /** An instance and what exists of it. */
  record Pair(InstanceState state, ModelHost host) {
    Pair {
      // From now on, an agent may have left its data in this volume.
      if (state instanceof InstanceState.Running r
          && host.home().generation() == r.profile().homes().generation()
          && !host.home().used()) {
        host = host.with(host.home().afterUse());
      }
    }

    Pair with(ModelHost newHost) {
      return new Pair(state, newHost);
    }
  }

  /**
   * Something that happens.
   *
   * @param wanted what it promises; {@code NOTHING} if it changes no promise
   * @param change the configuration that it changes; {@code '-'} if it changes none
   * @param late what is late afterwards; empty if that does not change
   */
  record Edge(
      Kinds kind,
      String name,
      Pair to,
      Wanted wanted,
      char change,
      Blame blame,
      Optional<Late> late) {
    static Edge progress(String name, Pair to) {
      return new Edge(
          Kinds.PROGRESS, name, to, Wanted.NOTHING, '-', Blame.NOTHING, Optional.empty());
    }

    static Edge command(String name, Pair to, Wanted wanted, char change) {
      return new Edge(Kinds.COMMAND, name, to, wanted, change, Blame.NOTHING, Optional.empty());
    }

    static Edge fault(String name, Pair to, Blame blame) {
      return new Edge(Kinds.FAULT, name, to, Wanted.NOTHING, '-', blame, Optional.empty());
    }

    Edge leaving(Late later) {
      return new Edge(kind, name, to, wanted, change, blame, Optional.of(later));
    }
  }

  static Pair first() {
    return new Pair(new InstanceState.Absent(), ModelHost.EMPTY);
  }

  /** Returns all that can happen next, except that something late arrives. */
  static List<Edge> next(Pair at) {
    var edges = new ArrayList<Edge>();
    addProgress(at, edges);
    ModelCommands.add(at, edges);
    ModelFaults.add(at, edges);
    return edges;
  }

  /** Returns what happens when something late arrives. */
  static Edge arrival(Pair at, Late late) {
    // No fence keeps it from creating a lost volume again, since both have the same generation.
    boolean recreates = at.host().lost().exists() && creates(late);
    if (recreates) return Edge.progress("", at);
    var to =
        switch (late) {
          case Late.None() -> at;
          case Late.Report(var report) -> new Pair(after(at.state(), report), at.host());
          case Late.Call(var effect, var homeKnown) -> {
            var step = ModelEffects.perform(effect, homeKnown, at.host(), Luck.GOOD);
            yield new Pair(after(at.state(), step.report()), step.host());
          }
          case Late.Recover(var command) -> new Pair(after(at.state(), command), at.host());
        };
    boolean recovers = late instanceof Late.Recover && !to.state().equals(at.state());
    return new Edge(
        Kinds.PROGRESS,
        "late: " + name(late),
        to,
        recovers ? Wanted.RUNNING : Wanted.NOTHING,
        '-',
        Blame.NOTHING,
        Optional.of(NOT_LATE));
  }

  private static boolean creates(Late late) {
    return late instanceof Late.Call(RunStages run, _)
        && run.stages().getFirst() == Stage.CREATE_SANDBOX;
  }

  private static String name(Late late) {
    return switch (late) {
      case Late.None() -> "nothing";
      case Late.Report(var report) -> name(report);
      case Late.Call(var effect, _) -> name(effect);
      case Late.Recover _ -> "Recover";
    };
  }

  // The progress without faults.

  private static void addProgress(Pair at, List<Edge> edges) {
    var host = at.host();
    var effect = at.state().pendingEffect();
    if (!(effect instanceof InstanceEffect.None)) {
      edges.add(Edge.progress("effect: " + name(effect), perform(at, Luck.GOOD)));
    }
    reconciled(at).ifPresent(edges::add);
    if (host.slot()) {
      edges.add(
          Edge.progress(
              "reconciliation: a slot is held", new Pair(after(at.state(), unusedSlot()), host)));
    }
    if (host.away()) {
      edges.add(Edge.progress("the host is back", at.with(host.withAway(false))));
      edges.add(
          Edge.progress(
              "the host is lost, and an operator rebinds it",
              at.with(
                  host.withAway(false).withLost(host.home()).with(Home.NONE).with(Gateway.NONE))));
    }
  }

  static Pair perform(Pair at, Luck luck) {
    var step =
        ModelEffects.perform(at.state().pendingEffect(), homeKnown(at.state()), at.host(), luck);
    return new Pair(after(at.state(), step.report()), step.host());
  }

  static boolean homeKnown(InstanceState state) {
    return state instanceof Existing e && e.profile().home().isPresent();
  }

  /** Compares the host with the journal, as a pass does; empty if nothing differs. */
  private static Optional<Edge> reconciled(Pair at) {
    var host = at.host();
    return drift(at)
        .flatMap(
            drift ->
                switch (drift) {
                  case Drift.InSync(), Drift.TooRecent() -> Optional.empty();
                  case Drift.Untracked(), Drift.Reappeared _ ->
                      host.process().lives()
                          ? Optional.of(Edge.progress("quarantine", at.with(host.stop())))
                          : Optional.empty();
                  case Drift.Benign _, Drift.Lost _, Drift.Unreachable _, Drift.Orphan _ ->
                      Optional.of(
                          Edge.progress(
                              "reconciliation: " + drift.getClass().getSimpleName(),
                              new Pair(after(at.state(), observed(at)), host)));
                });
  }

  /** Returns the difference that a pass finds; empty if it looks at nothing. */
  static Optional<Drift> drift(Pair at) {
    var seen = at.host().observe(SANDBOX);
    var view = MemberViews.of(at.state());
    if (view.isEmpty()) {
      boolean exists = at.host().home().exists() || at.host().process().kind() != Kind.MISSING;
      return exists ? Optional.of(new Drift.Untracked()) : Optional.empty();
    }
    boolean elsewhere = at.host().away() && homeKnown(at.state());
    return Optional.of(
        elsewhere
            ? Drift.of(view.get(), new ObservedState.OtherHost("why"))
            : Drift.of(view, seen, Instant.MAX));
  }

  static InstanceCommand.Observed observed(Pair at) {
    var view = MemberViews.of(at.state()).orElseThrow();
    return new InstanceCommand.Observed(view.attempt(), observation(at, view), POLICY, NOW);
  }

  private static ObservedState observation(Pair at, InstanceView view) {
    if (at.host().away() && homeKnown(at.state())) return new ObservedState.OtherHost("why");
    var seen = ObservedStates.of(view, at.host().observe(SANDBOX));
    var kind = at.host().process().kind();
    // The log and the events of the engine tell how a gateway ended that should run.
    boolean byItself =
        kind == Kind.ENDED_BY_ITSELF || !(at.state() instanceof InstanceState.Running);
    return seen instanceof ObservedState.Down && !byItself
        ? new ObservedState.Down(ModelEffects.cause(kind), "why", false)
        : seen;
  }

  private static InstanceCommand unusedSlot() {
    return new InstanceCommand.ReleaseUnusedSlot("org", NOW, REPLY_TO);
  }

  // The rules.

  /** Returns the state after a command; the same object if it causes no event. */
  static InstanceState after(InstanceState state, InstanceCommand command) {
    return switch (InstanceLifecycle.decide(state, command)) {
      case Decision.Reject _ -> state;
      case Decision.Accept(var events) -> {
        var next = state;
        for (var event : events) next = InstanceLifecycle.evolve(next, event);
        yield next;
      }
    };
  }

  static InstanceState after(InstanceState state, Optional<InstanceCommand.Report> report) {
    return report.map(one -> after(state, one)).orElse(state);
  }

  static String name(InstanceEffect effect) {
    return effect instanceof RunStages run
        ? run.stages().getFirst().label()
        : effect.getClass().getSimpleName();
  }

  static String name(InstanceCommand.Report report) {
    return switch (report) {
      case InstanceCommand.EffectFailed f ->
          f.stage().map(stage -> stage.label()).orElse("stop") + " " + f.reason();
      case InstanceCommand.Observed(_, var seen, _, _) ->
          "Observed " + seen.getClass().getSimpleName();
      case InstanceCommand.StagesFinished f ->
          "StagesFinished " + f.stages().getFirst().done().stage().label();
      case InstanceCommand.ConfigApplied c -> "ConfigApplied " + c.taken();
      case InstanceCommand.SleepReached s -> "SleepReached " + s.level();
      case InstanceCommand.Redispatch _ -> "overdue";
      case InstanceCommand.Report other -> other.getClass().getSimpleName();
    };
  }
}
