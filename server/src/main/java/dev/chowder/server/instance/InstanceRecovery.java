package dev.chowder.server.instance;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.Answers;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives instances that failed another life: slot and room first, then the instance. Knows no rule:
 * the instance itself refuses a slot that was given back since. Blocks.
 *
 * <p>A slot that was taken and is not used, because the server died in between or the instance
 * refused, is given back by the instance, which alone knows: at once here, else by the sweep.
 */
final class InstanceRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceRecovery.class);

  /** Each further try means that somebody else recovered or deleted it at the same time. */
  private static final int TRIES = 3;

  private static final int RETRY_AFTER_SECONDS = 30;

  private final InstanceClient client;
  private final Admission admission;
  private final SandboxDriver driver;
  private final Clock clock;

  InstanceRecovery(InstanceClient client, Admission admission, SandboxDriver driver, Clock clock) {
    this.client = client;
    this.admission = admission;
    this.driver = driver;
    this.clock = clock;
  }

  /** The instance, on its way to {@code running} or there. */
  InstanceView recover(Caller caller, InstanceId id) {
    for (int tries = 1; ; tries++) {
      var view = client.get(caller, id);
      if (view.status().now() != Name.ERROR) {
        // It says itself whether that is a no-op, a join or a refusal; none of these needs a slot.
        var unseen = SandboxObservation.nothing(sandbox(view));
        return InstanceClient.view(ask(caller, view, unseen, view.profile().model()));
      }
      var reply = recover(caller, withoutSlot(view));
      boolean overtaken = reply instanceof InstanceReply.Refused(InstanceRejection.SlotReturned());
      if (!overtaken || tries == TRIES) return InstanceClient.view(reply);
    }
  }

  private InstanceReply recover(Caller caller, InstanceView view) {
    var onHost = observe(view);
    var model = admission.admitAgain(view);
    var reply = ask(caller, view, onHost, model);
    if (reply instanceof InstanceReply.Refused) {
      admission.releaseUnused(view.profile().organizationId(), view.id());
    }
    return reply;
  }

  /** The slot of the life that failed must have arrived before another one is taken. */
  private InstanceView withoutSlot(InstanceView view) {
    var settled = client.await(view, v -> !v.slotHeld(), InstanceGrpcService.SLOT_TIMEOUT);
    if (settled.slotHeld()) {
      throw ApiError.of(
          Reason.SERVER_UNAVAILABLE,
          "slot: still being given back after "
              + InstanceGrpcService.SLOT_TIMEOUT.toSeconds()
              + " s (expected: at once)");
    }
    return settled;
  }

  private static SandboxId sandbox(InstanceView view) {
    return SandboxId.ofInstance(view.id().value());
  }

  /** Returns what exists; the home volume may be one that the instance had lost. */
  private SandboxObservation observe(InstanceView view) {
    try {
      return driver.observe(sandbox(view));
    } catch (SandboxException why) {
      // One sandbox does not answer. Only the admission decides whether the host has memory.
      LOG.warn("instance={} event=recover-refused message={}", view.id(), why.getMessage());
      throw ApiError.unavailable(
          "cannot recover the instance: the engine does not answer about its sandbox; call again",
          RETRY_AFTER_SECONDS);
    }
  }

  private InstanceReply ask(
      Caller caller, InstanceView seen, SandboxObservation onHost, ModelChoice model) {
    var now = clock.instant();
    return Answers.await(
        client
            .instances()
            .ask(
                seen.id(),
                replyTo ->
                    new InstanceCommand.Recover(
                        caller.keyId(),
                        seen.attempt(),
                        seen.slotReturns(),
                        onHost.home(),
                        onHost.attempt(),
                        model,
                        now,
                        replyTo)),
        "the instance");
  }
}
