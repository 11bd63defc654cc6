package dev.chowder.reconcile;

import static dev.chowder.reconcile.LifecycleModel.REPLY_TO;
import static dev.chowder.reconcile.LifecycleModel.SANDBOX;
import static dev.chowder.reconcile.LifecycleModel.after;
import static dev.chowder.reconcile.LifecycleModel.homeKnown;
import static dev.chowder.reconcile.ModelEffects.NOW;

import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Decision;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceLifecycle;
import dev.chowder.instance.InstanceState;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import dev.chowder.instance.Profile;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.TokenRotations;
import dev.chowder.reconcile.LifecycleModel.Edge;
import dev.chowder.reconcile.LifecycleModel.Pair;
import dev.chowder.reconcile.LifecycleModel.Wanted;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The commands of callers and of the pool in a {@link LifecycleModel}. */
final class ModelCommands {
  private static final ModelChoice MODEL =
      new ModelChoice("custom", "demo", "http://localhost:9092/v1", "openai-completions");
  private static final PoolSetup SETUP = new PoolSetup(MODEL, "0", "image-1");

  private ModelCommands() {}

  /** Adds the commands that change an instance. */
  static void add(Pair at, List<Edge> edges) {
    var host = at.host();
    var withSlot = at.with(host.withSlot(true));
    if (at.state() instanceof InstanceState.Absent) {
      var reserved = withSlot.with(withSlot.host().withSecrets());
      add(at, reserved, new Sent("Create", create(""), Wanted.RUNNING, '-'), edges);
      add(at, reserved, new Sent("Create with overrides", create("1"), Wanted.RUNNING, 'o'), edges);
      add(at, at.with(host.withSecrets()), new Sent("Warm", warm(), Wanted.POOLED, '-'), edges);
    }
    if (at.state() instanceof InstanceState.Member) {
      var discard = new InstanceCommand.Discard(NOW);
      add(at, withSlot, new Sent("Claim", claim(""), Wanted.RUNNING, '-'), edges);
      add(at, withSlot, new Sent("Claim with overrides", claim("1"), Wanted.RUNNING, 'o'), edges);
      add(at, at, new Sent("Discard", discard, Wanted.DISCARDED, '-'), edges);
    }
    recover(at)
        .ifPresent(
            recover -> add(at, withSlot, new Sent("Recover", recover, Wanted.RUNNING, '-'), edges));
    if (at.state() instanceof Existing existing) {
      for (var sent : verbs(existing)) add(at, at, sent, edges);
    }
  }

  private static List<Sent> verbs(Existing e) {
    var start = new InstanceCommand.Start("key", NOW, REPLY_TO);
    var restart = new InstanceCommand.Restart("key", NOW, REPLY_TO);
    var delete = new InstanceCommand.Delete("key", "delete", NOW, REPLY_TO);
    return List.of(
        new Sent("Stop", stop(false), Wanted.STOPPED, '-'),
        new Sent("Stop, end", stop(true), Wanted.ENDED, '-'),
        new Sent("Start", start, Wanted.RUNNING, '-'),
        new Sent("Restart", restart, Wanted.RUNNING, '-'),
        new Sent("Delete", delete, Wanted.DELETED, '-'),
        new Sent("Deepen to paged_out", deepen(SleepLevel.PAGED_OUT), Wanted.NOTHING, '-'),
        new Sent("Deepen to off", deepen(SleepLevel.OFF), Wanted.ENDED, '-'),
        new Sent("Update", update(e), Wanted.NOTHING, 'o'),
        new Sent("SwitchChannel", switchChannel(e), Wanted.NOTHING, 'c'),
        new Sent("RotateToken", rotate(e), Wanted.NOTHING, 't'));
  }

  /**
   * A command.
   *
   * @param wanted what its acceptance promises
   * @param change the configuration that it changes, as in {@link Edge}
   */
  private record Sent(String name, InstanceCommand command, Wanted wanted, char change) {}

  /**
   * Adds a command if it changes the instance. It is wrong unless it is accepted without effect
   * when it is resent.
   *
   * @param reserved the instance after the slot of the command was reserved
   */
  private static void add(Pair at, Pair reserved, Sent sent, List<Edge> edges) {
    var next = after(reserved.state(), sent.command());
    if (next.equals(at.state())) {
      // The member of a rejected claim is discarded with the slot that was reserved for it.
      if (!reserved.host().equals(at.host()) && sent.command() instanceof InstanceCommand.Claim) {
        edges.add(Edge.command(sent.name() + ", rejected", reserved, Wanted.DISCARDED, '-'));
      }
      return;
    }
    // Its sender may not have received the reply, and must get the same one.
    var again = InstanceLifecycle.decide(next, sent.command());
    var host =
        again.equals(new Decision.Accept(List.of()))
            ? reserved.host()
            : reserved.host().wrong(sent.name() + ", resent, leads to " + again);
    edges.add(Edge.command(sent.name(), new Pair(next, host), sent.wanted(), sent.change()));
  }

  /** Returns the recover of a failed instance, as the edge sends it. */
  static Optional<InstanceCommand.Recover> recover(Pair at) {
    var host = at.host();
    if (!(at.state() instanceof InstanceState.Errored e) || e.slotHeld() || host.slot()) {
      return Optional.empty();
    }
    if (host.away() && homeKnown(e)) return Optional.empty();
    var seen = host.observe(SANDBOX);
    return Optional.of(
        new InstanceCommand.Recover(
            "key",
            e.attempt(),
            e.slotReturns(),
            seen.home(),
            seen.attempt(),
            MODEL,
            NOW,
            REPLY_TO));
  }

  private static InstanceCommand create(String overrides) {
    return new InstanceCommand.Create("key", profile("create", overrides), NOW, REPLY_TO);
  }

  private static InstanceCommand claim(String overrides) {
    return new InstanceCommand.Claim("key", profile("create", overrides), SETUP, NOW, REPLY_TO);
  }

  private static InstanceCommand warm() {
    return new InstanceCommand.Warm(profile("warm", ""), SETUP, NOW, REPLY_TO);
  }

  private static InstanceCommand rotate(Existing e) {
    int next = e.profile().token().asked() + 1;
    return new InstanceCommand.RotateToken("key", "rotate " + next, NOW, REPLY_TO);
  }

  private static InstanceCommand stop(boolean ends) {
    return new InstanceCommand.Stop("key", ends, NOW, REPLY_TO);
  }

  private static InstanceCommand deepen(SleepLevel level) {
    return new InstanceCommand.Deepen(level, NOW, REPLY_TO);
  }

  private static InstanceCommand update(Existing e) {
    var base = e.profile().config().overrides();
    int version = ModelEffects.version(base.version()) + 1;
    return new InstanceCommand.Update(
        "key",
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        Optional.of(new InstanceCommand.OverridesChange(base, "" + version)),
        NOW,
        REPLY_TO);
  }

  private static InstanceCommand switchChannel(Existing e) {
    var base = e.profile().config().channels().getOrDefault("telegram", "");
    // Overrides and channels have no version in common.
    int version = ModelEffects.version(base) == 0 ? 101 : ModelEffects.version(base) + 1;
    return new InstanceCommand.SwitchChannel(
        "key", "telegram", true, base, "" + version, NOW, REPLY_TO);
  }

  private static Profile profile(String requestId, String overrides) {
    return new Profile(
        "org",
        "agent",
        MODEL,
        "sandbox",
        "small",
        "v1",
        "local",
        Map.of(),
        overrides.isEmpty() ? 0 : 1,
        0,
        TokenRotations.NONE,
        ConfigValues.ofNew(overrides),
        Homes.FIRST,
        Optional.empty(),
        NOW,
        NOW,
        NOW,
        requestId);
  }
}
