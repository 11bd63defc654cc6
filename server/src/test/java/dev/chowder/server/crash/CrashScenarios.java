package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.server.crash.LifecycleRun.Ask;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/** Lets a server die in one scenario of an instance, and checks that it recovers completely. */
final class CrashScenarios {
  static final Duration DEATH_LIMIT = Duration.ofSeconds(90);
  static final Duration REPAIR_LIMIT = Duration.ofSeconds(60);

  private final Lane lane;
  private final String modelUrl;

  CrashScenarios(Lane lane, String modelUrl) {
    this.lane = lane;
    this.modelUrl = modelUrl;
  }

  LifecycleRun lifecycle() {
    return new LifecycleRun(lane.home(), modelUrl, _ -> {});
  }

  /** Checks that the recovered instance works until its deletion. */
  void checkRecovery(LifecycleRun lifecycle) throws IOException {
    lane.restart();
    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  void dieAt(FailpointCase place) throws IOException {
    var lifecycle = lifecycle();
    switch (place.scenario()) {
      case LIFECYCLE -> {
        lane.arm(place);
        runUntilTheServerDies(lifecycle);
      }
      case SHUT_DOWN -> {
        lifecycle.begin(lane.server());
        lane.arm(place);
        lane.server().terminate();
      }
      case UNUSED_SLOT_OF_CREATE -> {
        lane.arm(FailpointCase.BEFORE_CREATION);
        runUntilTheServerDies(lifecycle);
        lane.server().awaitDeathAt(FailpointCase.BEFORE_CREATION, DEATH_LIMIT);
        lane.restartTowards(place);
      }
      case RECOVERED -> {
        fail(lifecycle);
        lane.arm(place);
        recoverUntilTheServerDies(lifecycle);
      }
      case UNUSED_SLOT_OF_RECOVER -> {
        fail(lifecycle);
        lane.arm(FailpointCase.BEFORE_RECOVERY);
        recoverUntilTheServerDies(lifecycle);
        lane.server().awaitDeathAt(FailpointCase.BEFORE_RECOVERY, DEATH_LIMIT);
        lane.restartTowards(place);
      }
      case START_UP, HOME_LOST, HOME_REAPPEARED, ENGINE_LOST, LATER_ATTEMPT, MOVED -> {
        lifecycle.begin(lane.server());
        changeWhileTheServerIsDown(lifecycle, place.scenario());
        lane.restartTowards(place);
      }
      case POOL -> throw new IllegalStateException(place + " belongs to PoolScenarios");
    }
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    checkRecovery(lifecycle);
  }

  private void changeWhileTheServerIsDown(LifecycleRun lifecycle, FailpointCase.Scenario what)
      throws IOException {
    if (what == FailpointCase.Scenario.HOME_REAPPEARED) {
      lifecycle.delete(lane.server());
      lifecycle.awaitSteady(lane.server());
      lifecycle.awaitRemoved(lane.server());
    }
    lane.server().kill();
    switch (what) {
      case START_UP -> {}
      case HOME_LOST -> {
        lifecycle.disk().lose(lifecycle.sandbox());
        lifecycle.expectError();
      }
      case HOME_REAPPEARED -> lifecycle.disk().restoreHome(lifecycle.sandbox());
      case ENGINE_LOST -> lifecycle.disk().endWithEngine(lifecycle.sandbox());
      case LATER_ATTEMPT -> lifecycle.disk().startLater(lifecycle.sandbox());
      case MOVED -> lifecycle.disk().move(lifecycle.sandbox());
      case LIFECYCLE, SHUT_DOWN, UNUSED_SLOT_OF_CREATE, RECOVERED, UNUSED_SLOT_OF_RECOVER, POOL ->
          throw new IllegalStateException(what + " changes nothing");
    }
  }

  /** A call for files ends a sleeping gateway meanwhile. */
  void dieWhileASleepEnds(FailpointCase place) throws IOException {
    var lifecycle = lifecycle();
    lifecycle.begin(lane.server());
    lifecycle.stop(lane.server());
    lifecycle.awaitSteady(lane.server());
    lifecycle.awaitPagedOut(lane.server());
    lane.arm(place);
    assertThatThrownBy(() -> lifecycle.writeNote(lane.server())).isInstanceOf(ServerDied.class);
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    checkRecovery(lifecycle);
  }

  void dieAfterTheAcknowledgementOf(Ask last) throws IOException {
    // The recovered scenario may receive the same acknowledgement once more.
    var victim = lane.server();
    var lifecycle =
        new LifecycleRun(
            lane.home(),
            modelUrl,
            ask -> {
              if (ask == last) victim.kill();
            });
    assertThatThrownBy(
            () -> {
              lifecycle.live(victim);
              lifecycle.awaitSteady(victim);
            })
        .isInstanceOf(ServerDied.class);
    checkRecovery(lifecycle);
  }

  /**
   * The seed decides the moment. The first numbers of a {@link java.util.Random} are nearly the
   * same for consecutive seeds.
   */
  void dieAtARandomMoment(long seed) throws IOException {
    var victim = lane.server();
    var moment = Duration.ofMillis(new SplittableRandom(seed).nextInt(1500));
    var killer =
        Thread.ofVirtual()
            .start(
                () -> {
                  if (!victim.endsWithin(moment)) victim.kill();
                });
    var lifecycle = lifecycle();
    runUntilTheServerDies(lifecycle);
    join(killer);
    checkRecovery(lifecycle);
  }

  private static void join(Thread killer) {
    try {
      killer.join(DEATH_LIMIT);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  /** A retry of the create, with the same idempotency key, completes it. */
  void dieInACreationWithAKey(FailpointCase place) throws IOException {
    var lifecycle = lifecycle();
    lifecycle.prepare(lane.server());
    lane.arm(place);
    var victim = lane.server();
    assertThatThrownBy(() -> lifecycle.createOnce(victim, "once")).isInstanceOf(ServerDied.class);
    victim.awaitDeathAt(place, DEATH_LIMIT);
    lane.restart();

    lifecycle.createOnce(lane.server(), "once");
    lifecycle.awaitSteady(lane.server());
    lifecycle.createOnce(lane.server(), "once");

    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  /** The slot is released although no caller uses its organization. */
  void dieWithASlotThatNoInstanceUses() throws IOException {
    var lifecycle = lifecycle();
    lane.arm(FailpointCase.SLOT_TAKEN);
    runUntilTheServerDies(lifecycle);
    lane.server().awaitDeathAt(FailpointCase.SLOT_TAKEN, DEATH_LIMIT);
    lane.restart();

    lane.server()
        .awaitLine(
            Pattern.compile("organization=" + lifecycle.organization() + " event=SlotReleased"),
            REPAIR_LIMIT);

    lifecycle.awaitSteady(lane.server());
    lifecycle.finish(lane.server());
    lane.markClean();
  }

  /** Removes the home volume; the restarted server must detect that. */
  private void fail(LifecycleRun lifecycle) throws IOException {
    lifecycle.begin(lane.server());
    lane.server().kill();
    lifecycle.disk().lose(lifecycle.sandbox());
    lifecycle.expectError();
    lane.restart();
    lifecycle.awaitSteady(lane.server());
  }

  private void recoverUntilTheServerDies(LifecycleRun lifecycle) {
    try {
      lifecycle.recover(lane.server());
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  /**
   * The server may also die after the last response, because work continues after an
   * acknowledgement.
   */
  private void runUntilTheServerDies(LifecycleRun lifecycle) {
    try {
      lifecycle.live(lane.server());
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }
}
