package dev.chowder.server.instance;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.Answers;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.watch.WatchStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Asks instances on behalf of a caller: whose it is not, is not there; refusals become errors.
 * Blocks.
 */
public final class InstanceClient {
  private final Instances instances;
  private final DrainSignal drain;

  public InstanceClient(Instances instances, DrainSignal drain) {
    this.instances = instances;
    this.drain = drain;
  }

  public Instances instances() {
    return instances;
  }

  /** When this node ends. */
  public DrainSignal drain() {
    return drain;
  }

  /** The caller's instance as it is now. */
  public InstanceView get(Caller caller, InstanceId id) {
    var view = answer(instances.ask(id, InstanceCommand.Get::new));
    if (view.isTerminated() || !view.profile().organizationId().equals(caller.organizationId())) {
      throw ApiError.instanceNotFound();
    }
    return view;
  }

  /** Sends a command to the caller's instance. */
  public InstanceView send(
      Caller caller, InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    var _ = get(caller, id);
    return answer(instances.ask(id, command));
  }

  /**
   * The instance of this id, if it was born; otherwise it never will be, and only its slot may
   * still be taken.
   */
  public Optional<InstanceView> findOrTombstone(Caller caller, InstanceId id, Instant now) {
    var there = Answers.await(instances.ask(id, InstanceCommand.Get::new), "the instance");
    if (there instanceof InstanceReply.Accepted(var view)) return Optional.of(view);
    var settled =
        Answers.await(
            instances.ask(
                id,
                replyTo ->
                    new InstanceCommand.ReleaseUnusedSlot(caller.organizationId(), now, replyTo)),
            "the instance");
    return settled instanceof InstanceReply.Done() ? Optional.empty() : Optional.of(view(settled));
  }

  /**
   * The first view of which {@code holds} is true; the newest one when none comes in time, or when
   * this node ends: to be cut off would tell the caller less.
   */
  public InstanceView await(InstanceView now, Predicate<InstanceView> holds, Duration timeout) {
    if (holds.test(now) || timeout.isZero()) return now;
    var inTime =
        instances.await(now.id(), holds, new InstanceReply.Done(), timeout).toCompletableFuture();
    InstanceReply reply;
    try (var _ = drain.onDrain(() -> inTime.complete(new InstanceReply.Done()))) {
      reply = Answers.await(inTime, "the instance");
    }
    if (reply instanceof InstanceReply.Done) {
      return answer(instances.ask(now.id(), InstanceCommand.Get::new));
    }
    return view(reply);
  }

  /** The one place where a refusal becomes an error. */
  public static ApiError error(InstanceRejection why) {
    return switch (why) {
      case InstanceRejection.NotFound() -> ApiError.instanceNotFound();
      case InstanceRejection.AlreadyExists() ->
          // Ids are given twice only to a create with an idempotency key, which looks out for it.
          throw new IllegalStateException("instance id given twice");
      case InstanceRejection.SlotReturned() ->
          ApiError.wrongState(
              "status: error (expected: nobody else who recovers it at the same time)", Map.of());
      case InstanceRejection.Superseded() ->
          throw new IllegalStateException("configuration superseded, and not computed again");
      case InstanceRejection.WrongState(var status, var desired, var expected) ->
          ApiError.wrongState(
              status.equals(desired)
                  ? "status: " + status + " (expected: " + expected + ")"
                  : "status: "
                      + status
                      + ", desired_status: "
                      + desired
                      + " (expected: "
                      + expected
                      + ", and nothing in progress)",
              Map.of("status", status, "desired_status", desired));
      case InstanceRejection.UpgradeUnderWay() -> ApiError.upgradeUnderWay();
      case InstanceRejection.TooManyWatchers(var limit) -> WatchStream.tooMany(limit);
    };
  }

  static InstanceView answer(CompletionStage<InstanceReply> reply) {
    return view(Answers.await(reply, "the instance"));
  }

  static InstanceView view(InstanceReply reply) {
    return switch (reply) {
      case InstanceReply.Accepted(var view) -> view;
      case InstanceReply.Refused(var why) -> throw error(why);
      case InstanceReply.Done() -> throw ApiError.instanceNotFound();
    };
  }
}
