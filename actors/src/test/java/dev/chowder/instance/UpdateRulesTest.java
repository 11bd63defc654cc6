package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.apply;
import static dev.chowder.instance.States.running;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.InstanceState.Existing;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;

/** Tests changes of the sandbox image. InstanceLifecycleTest tests those of names and labels. */
class UpdateRulesTest {
  private static final ActorRef<InstanceReply> REPLY_TO =
      TestInbox.<InstanceReply>create().getRef();

  @Test
  void anotherSandboxImageIsKeptAndChangesNothingElse() {
    assertThat(profile(running()).sandboxImage()).isEqualTo("small");
    var changed = apply(running(), Updates.sandboxImage("tools", REPLY_TO));
    assertThat(profile(changed).sandboxImage()).isEqualTo("tools");
    assertThat(profile(changed).labels()).isEqualTo(profile(running()).labels());
    assertThat(profile(changed).configPending()).isFalse();
    assertThat(changed.pendingEffect()).isEqualTo(running().pendingEffect());
    assertThat(profile(apply(changed, Updates.rename("other", REPLY_TO))).sandboxImage())
        .isEqualTo("tools");
  }

  @Test
  void theSameSandboxImageIsNotPersisted() {
    assertThat(InstanceLifecycle.decide(running(), Updates.sandboxImage("small", REPLY_TO)))
        .isEqualTo(Decision.accept());
  }

  @Test
  void theNextStartBootsWithTheChangedImage() {
    var changed = apply(running(), Updates.sandboxImage("tools", REPLY_TO));
    var restarting = apply(changed, new InstanceCommand.Restart("key", T0, REPLY_TO));
    var starting =
        apply(
            restarting,
            new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0));
    assertThat(starting.pendingEffect())
        .isInstanceOfSatisfying(
            InstanceEffect.RunStages.class,
            run -> assertThat(run.sandboxImage()).isEqualTo("tools"));
  }

  private static Profile profile(InstanceState state) {
    return ((Existing) state).profile();
  }
}
