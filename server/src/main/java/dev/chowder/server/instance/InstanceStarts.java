package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.admission.Admission;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.error.ApiError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts stopped instances and recovers failed ones: the commands that need memory of the host
 * before they are sent. A recovery also needs a slot. The instance rejects a slot that was released
 * since. Blocks.
 *
 * <p>A reserved slot stays unused if the server dies or the instance rejects the command. Then the
 * instance releases it, at once after a rejection and otherwise in a reconciliation pass.
 */
public record InstanceStarts(InstanceClient client, Admission admission, Sandboxes sandboxes) {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceStarts.class);

  /**
   * Each further try means that another call recovered or deleted the instance at the same time.
   */
  private static final int TRIES = 3;

  private static final int RETRY_AFTER_SECONDS = 30;

  /** Starts the instance and returns it, running or on the way to that. */
  InstanceView start(Caller caller, InstanceId id) {
    var before = client.get(caller, id);
    // A call that joins a start in progress needs no memory of its own.
    boolean reserved = InstanceClient.isSteadyAt(Name.STOPPED).test(before);
    if (reserved) admission.admitStart(before);
    var now = client.now();
    var reply =
        ActorReplies.await(
            client
                .instances()
                .ask(id, replyTo -> new InstanceCommand.Start(caller.keyId(), now, replyTo)),
            "the instance");
    if (reserved && reply instanceof InstanceReply.Refused) admission.withdraw(id);
    return InstanceClient.view(reply);
  }

  /** Recovers the instance and returns it, running or on the way to that. */
  public InstanceView recover(Caller caller, InstanceId id) {
    for (int tries = 1; ; tries++) {
      var view = client.get(caller, id);
      if (view.status().now() != Name.ERROR) {
        // The command has no effect, joins a recovery in progress, or is rejected. None of these
        // needs a slot.
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
    var model = admission.admitAgain(caller.keyId(), view);
    var reply = ask(caller, view, onHost, model);
    if (reply instanceof InstanceReply.Refused) {
      admission.releaseUnused(view.profile().organizationId(), view.id());
      admission.withdraw(view.id());
    }
    return reply;
  }

  /** Waits until the slot of the failed attempt is released, before another one is reserved. */
  private InstanceView withoutSlot(InstanceView view) {
    var after = client.await(view, v -> !v.slotHeld(), InstanceClient.SLOT_TIMEOUT);
    if (after.slotHeld()) {
      throw ApiError.of(
          Reason.SERVER_UNAVAILABLE,
          cannot(
              "recover the instance",
              "its previous slot was not released within %d s"
                  .formatted(InstanceClient.SLOT_TIMEOUT.toSeconds()),
              "retry later"));
    }
    return after;
  }

  private static SandboxId sandbox(InstanceView view) {
    return SandboxId.ofInstance(view.id().value());
  }

  /**
   * Returns the sandbox as this node's engine observes it. Its home volume may be one that the
   * instance had lost. Without the host of its home volume, the recovery would create another one.
   */
  private SandboxObservation observe(InstanceView view) {
    try {
      return sandboxes.of(view.id().value(), view.profile().home()).observe();
    } catch (SandboxException why) {
      // Only this sandbox is unavailable. Admission decides whether the host has memory.
      LOG.warn("instance={} event=recover-refused message={}", view.id(), why.getMessage());
      if (why.reason() == SandboxException.Reason.ELSEWHERE) {
        throw ApiError.of(
            Reason.WRONG_STATE,
            cannot(
                "recover the instance",
                "this node does not have the host of its sandbox",
                "an operator must move its home volume to this host, or call RebindHost if it is lost"));
      }
      throw ApiError.unavailable(
          cannot(
              "recover the instance",
              "the engine does not respond about its sandbox",
              "retry later"),
          RETRY_AFTER_SECONDS);
    }
  }

  private InstanceReply ask(
      Caller caller, InstanceView seen, SandboxObservation onHost, ModelChoice model) {
    var now = client.now();
    return ActorReplies.await(
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
