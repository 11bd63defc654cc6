package dev.chowder.reconcile;

import static dev.chowder.reconcile.LifecycleModel.POLICY;
import static dev.chowder.reconcile.LifecycleModel.after;
import static dev.chowder.reconcile.LifecycleModel.drift;
import static dev.chowder.reconcile.LifecycleModel.homeKnown;
import static dev.chowder.reconcile.LifecycleModel.name;
import static dev.chowder.reconcile.LifecycleModel.observed;
import static dev.chowder.reconcile.LifecycleModel.perform;
import static dev.chowder.reconcile.ModelEffects.NOW;

import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceState;
import dev.chowder.instance.MemberViews;
import dev.chowder.instance.SleepLevel;
import dev.chowder.reconcile.LifecycleModel.Blame;
import dev.chowder.reconcile.LifecycleModel.Edge;
import dev.chowder.reconcile.LifecycleModel.Late;
import dev.chowder.reconcile.LifecycleModel.Pair;
import dev.chowder.reconcile.ModelEffects.Luck;
import dev.chowder.reconcile.ModelHost.Gateway;
import dev.chowder.reconcile.ModelHost.Home;
import dev.chowder.reconcile.ModelHost.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The faults of nodes, effects and hosts in a {@link LifecycleModel}. */
final class ModelFaults {
  private ModelFaults() {}

  /** Adds all faults that can happen. */
  static void add(Pair at, List<Edge> edges) {
    addFaultsOfCallers(at, edges);
    addFaultsOfNodes(at, edges);
    addFaultsOfEffects(at, edges);
    addFaultsOfProcess(at, edges);
    if (!at.host().away()) addFaultsOfHome(at, edges);
  }

  private static void addFaultsOfCallers(Pair at, List<Edge> edges) {
    var withSlot = at.with(at.host().withSlot(true));
    ModelCommands.recover(at)
        .ifPresent(
            recover ->
                edges.add(
                    Edge.fault("a caller is paused in Recover", withSlot, Blame.NOTHING)
                        .leaving(new Late.Recover(recover))));
    if (at.state() instanceof InstanceState.Absent && !at.host().slot()) {
      edges.add(Edge.fault("a create ends after it reserved a slot", withSlot, Blame.NOTHING));
    }
  }

  private static void addFaultsOfNodes(Pair at, List<Edge> edges) {
    var state = at.state();
    edges.add(Edge.fault("the node dies", new Pair(recovered(state), at.host()), Blame.NOTHING));
    boolean reports =
        MemberViews.of(state).isPresent()
            && drift(at).filter(found -> !(found instanceof Drift.InSync)).isPresent();
    if (reports) {
      edges.add(
          Edge.fault("an observation is delayed", at, Blame.NOTHING)
              .leaving(new Late.Report(observed(at))));
    }
  }

  private static void addFaultsOfEffects(Pair at, List<Edge> edges) {
    var state = at.state();
    var effect = state.pendingEffect();
    if (effect instanceof InstanceEffect.None) return;
    var step = ModelEffects.perform(effect, homeKnown(state), at.host(), Luck.GOOD);
    var dead = new Pair(recovered(state), step.host());
    var name = name(effect);
    edges.add(Edge.fault("the node dies before it reports " + name, dead, Blame.NOTHING));
    var unknown = at.with(step.host());
    edges.add(Edge.fault("the report of " + name + " is lost", unknown, Blame.NOTHING));
    step.report().ifPresent(report -> addLateReport(at, step.host(), report, edges));
    if (isFenced(effect)) {
      edges.add(
          Edge.fault("a node is paused before " + name, at, Blame.LATE)
              .leaving(new Late.Call(effect, homeKnown(state))));
    }
    addFailures(at, effect, step.host(), edges);
    var unlucky = perform(at, Luck.BAD);
    if (!unlucky.equals(perform(at, Luck.GOOD))) {
      edges.add(Edge.fault("cannot freeze or thaw: " + name, unlucky, Blame.NOTHING));
    }
  }

  private static void addLateReport(
      Pair at, ModelHost performed, InstanceCommand.Report report, List<Edge> edges) {
    var late = new Late.Report(report);
    edges.add(
        Edge.fault("delayed: " + name(report), at.with(performed), Blame.NOTHING).leaving(late));
    edges.add(
        Edge.fault(
                "arrives twice: " + name(report),
                new Pair(after(at.state(), report), performed),
                Blame.NOTHING)
            .leaving(late));
  }

  /**
   * Returns whether a fence keeps a late call from harm. No fence covers the slot, nor the files of
   * an instance whose process does not run.
   */
  private static boolean isFenced(InstanceEffect effect) {
    return switch (effect) {
      case RunStages run ->
          switch (run.stages().getFirst()) {
            case CREATE_SANDBOX, WARM_UP, PUBLISH -> true;
            case START_GATEWAY -> !run.sleep().holdsProcesses();
            case ONBOARD, GATEWAY_TOKEN, RESPONSES_ENDPOINT, OPENCLAW_CONFIG -> false;
          };
      case InstanceEffect.ApplyConfig _, InstanceEffect.ReleaseSlot _, InstanceEffect.None _ ->
          false;
      case InstanceEffect.StopGateway _,
          InstanceEffect.Deepen _,
          InstanceEffect.RotateToken _,
          InstanceEffect.AwaitStart _,
          InstanceEffect.Remove _ ->
          true;
    };
  }

  private static void addFailures(
      Pair at, InstanceEffect effect, ModelHost performed, List<Edge> edges) {
    switch (effect) {
      case RunStages run -> {
        failure(at, ModelEffects.failed(run, "TIMED_OUT"), at.host(), edges);
        failure(at, ModelEffects.failed(run, "TIMED_OUT"), performed, edges);
        failure(at, ModelEffects.failed(run, "ENGINE_UNREACHABLE"), performed, edges);
        failure(at, new InstanceCommand.Redispatch(NOW, Duration.ofHours(-1)), performed, edges);
        allPerformed(at)
            .ifPresent(
                all ->
                    edges.add(
                        Edge.fault(
                            "the node dies before it reports all stages",
                            new Pair(recovered(at.state()), all),
                            Blame.NOTHING)));
      }
      case InstanceEffect.StopGateway stop -> {
        failure(at, ModelEffects.failed(stop, "TIMED_OUT"), at.host(), edges);
        failure(at, ModelEffects.failed(stop, "ENGINE_UNREACHABLE"), at.host(), edges);
      }
      case InstanceEffect.ApplyConfig apply -> {
        failure(at, ModelEffects.applied(apply, Taken.PENDING), at.host(), Blame.CONFIG, edges);
        failure(at, ModelEffects.applied(apply, Taken.REFUSED), at.host(), Blame.CONFIG, edges);
      }
      case InstanceEffect.Deepen deepen when deepen.level() == SleepLevel.PAGED_OUT ->
          failure(
              at,
              ModelEffects.slept(deepen.attempt(), SleepLevel.FROZEN),
              at.host(),
              Blame.NOTHING,
              edges);
      case InstanceEffect other -> {}
    }
  }

  private static void failure(
      Pair at, InstanceCommand.Report report, ModelHost host, List<Edge> edges) {
    failure(at, report, host, Blame.EFFECT, edges);
  }

  private static void failure(
      Pair at, InstanceCommand.Report report, ModelHost host, Blame blame, List<Edge> edges) {
    edges.add(
        Edge.fault("failure: " + name(report), new Pair(after(at.state(), report), host), blame));
  }

  /** Performs all stages that are left; empty if one of them fails. */
  private static Optional<ModelHost> allPerformed(Pair at) {
    var now = at;
    while (now.state().pendingEffect() instanceof RunStages) {
      var next = perform(now, Luck.GOOD);
      if (next.state() instanceof InstanceState.Errored || next.state().equals(now.state())) {
        return Optional.empty();
      }
      now = next;
    }
    // The journal knows nothing of it, so it counts as unused.
    return Optional.of(
        at.host().home().used() || !now.host().home().used()
            ? now.host()
            : now.host().with(unused(now.host().home())));
  }

  private static Home unused(Home home) {
    return new Home(home.generation(), home.overrides(), home.channels(), home.token(), false);
  }

  /** Returns the instance after its actor was started again, which discards a pool member. */
  private static InstanceState recovered(InstanceState state) {
    boolean member =
        state instanceof InstanceState.Warming || state instanceof InstanceState.Pooled;
    return member ? after(state, new InstanceCommand.Discard(NOW)) : state;
  }

  private static void addFaultsOfProcess(Pair at, List<Edge> edges) {
    var host = at.host();
    var process = host.process();
    if (process.isUp()) {
      host("the gateway crashes", at, process.ended(Kind.ENDED_BY_ITSELF), edges);
      host("the gateway is paused from outside", at, process.as(Kind.FROZEN), edges);
      host("the gateway's address changes", at, process.elsewhere(), edges);
    }
    if (process.isFrozen()) {
      // It then reads its file again.
      var continued = process.as(Kind.UP).with(host.home().overrides(), host.home().channels());
      host("the gateway is continued from outside", at, continued, edges);
    }
    if (process.lives()) {
      host("the engine restarts", at, process.ended(Kind.ENDED_WITH_ENGINE), edges);
    }
    if (process.kind() != Kind.MISSING) {
      host("the container is removed from outside", at, Gateway.NONE, edges);
    }
  }

  private static void addFaultsOfHome(Pair at, List<Edge> edges) {
    var host = at.host();
    var process = host.process();
    if (host.home().exists()) {
      var gone = host.with(Gateway.NONE).with(Home.NONE).withLost(host.home());
      edges.add(Edge.fault("the home volume is lost", at.with(gone), Blame.HOME));
      if (homeKnown(at.state())) {
        var away = host.with(process.ended(Kind.ENDED_WITH_ENGINE)).withAway(true);
        edges.add(Edge.fault("the host of the sandbox is away", at.with(away), Blame.HOME));
      }
      var full = observedFull(at);
      if (!full.equals(at.state())) {
        edges.add(Edge.fault("the disk is full", new Pair(full, host), Blame.DISK));
      }
    }
    // No call distinguishes two volumes of one generation. No agent has used either.
    if (host.lost().exists() && host.lost().generation() != host.home().generation()) {
      var back = host.with(Gateway.NONE).with(host.lost()).withLost(host.home());
      edges.add(Edge.fault("the lost home volume is back", at.with(back), Blame.HOME));
    }
  }

  private static void host(String name, Pair at, Gateway process, List<Edge> edges) {
    edges.add(Edge.fault(name, at.with(at.host().with(process)), Blame.PROCESS));
  }

  private static InstanceState observedFull(Pair at) {
    return MemberViews.of(at.state())
        .map(
            view ->
                after(
                    at.state(),
                    new InstanceCommand.Observed(
                        view.attempt(), new ObservedState.DiskFull("why"), POLICY, NOW)))
        .orElse(at.state());
  }
}
