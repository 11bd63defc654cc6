package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.stream.DrainSignal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Sends commands to instances for a caller, and turns rejections into errors of the API. Instances
 * of other organizations are not found. Blocks.
 */
public record InstanceClient(Instances instances, DrainSignal drain, Clock clock) {
  /** Longest wait until a slot is released, which normally takes milliseconds. */
  static final Duration SLOT_TIMEOUT = Duration.ofSeconds(10);

  /** Returns the time of a command that is sent now. */
  public Instant now() {
    return clock.instant();
  }

  /** Returns the current state of the caller's instance. */
  public InstanceView get(Caller caller, InstanceId id) {
    var view = answer(instances.ask(id, InstanceCommand.Get::new));
    if (!view.isListed() || !view.profile().organizationId().equals(caller.organizationId())) {
      throw ApiError.instanceNotFound();
    }
    return view;
  }

  /** Sends a command to the caller's instance and returns the state after it. */
  public InstanceView send(
      Caller caller, InstanceId id, Function<ActorRef<InstanceReply>, InstanceCommand> command) {
    var _ = get(caller, id);
    return answer(instances.ask(id, command));
  }

  /**
   * Returns the first view for which {@code holds} is true. Returns the current view if none comes
   * in time or if this node drains, because an aborted call would tell the caller less.
   */
  public InstanceView await(InstanceView now, Predicate<InstanceView> holds, Duration timeout) {
    if (holds.test(now) || timeout.isZero()) return now;
    var inTime =
        instances.await(now.id(), holds, new InstanceReply.Done(), timeout).toCompletableFuture();
    InstanceReply reply;
    try (var _ = drain.onDrain(() -> inTime.complete(new InstanceReply.Done()))) {
      reply = ActorReplies.await(inTime, "the instance");
    }
    if (reply instanceof InstanceReply.Done) {
      return answer(instances.ask(now.id(), InstanceCommand.Get::new));
    }
    return view(reply);
  }

  /** Returns the condition that a verb waits for. A failure ends the wait, too. */
  static Predicate<InstanceView> isSteadyAt(Name wanted) {
    return view -> view.status().isSteady() && (view.status().now() == wanted || isOver(view));
  }

  private static boolean isOver(InstanceView view) {
    return view.status().now() == Name.ERROR || view.isTerminated();
  }

  /**
   * Ends frozen processes, and runs work that changes files of the home volume. Processes that
   * sleep when the work ends are ended, because they would overwrite the files. Processes that a
   * start thaws before stay: for them, the files change as those of a running agent.
   *
   * @param limit how long to wait for the end of a stop and of frozen processes
   * @throws ApiError {@code GATEWAY_UNAVAILABLE} if they have not ended then
   */
  public <T> T change(Caller caller, InstanceId id, Duration limit, Supplier<T> work) {
    endSleep(caller, id, limit);
    T result;
    try {
      result = work.get();
    } catch (RuntimeException | Error why) {
      try {
        preventThaw(caller, id);
      } catch (RuntimeException alsoFailed) {
        why.addSuppressed(alsoFailed);
      }
      throw why;
    }
    preventThaw(caller, id);
    return result;
  }

  /** Also runs in an interrupted thread, because the files have changed. */
  private void preventThaw(Caller caller, InstanceId id) {
    boolean interrupted = Thread.interrupted();
    try {
      var _ = deepen(caller, id);
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  /**
   * Ends the frozen processes of a stopped instance, so that its home volume is complete and
   * nothing overwrites it. Waits for a stop in progress, which leaves none then. Does nothing if
   * the instance has none.
   *
   * @param limit how long to wait for the end of the stop and of the processes
   * @throws ApiError {@code GATEWAY_UNAVAILABLE} if they have not ended then
   */
  public void endSleep(Caller caller, InstanceId id, Duration limit) {
    var now = deepen(caller, id);
    if (isOpen(await(now, InstanceClient::isOpen, limit))) return;
    throw ApiError.of(
        Reason.GATEWAY_UNAVAILABLE,
        cannot(
            "open the workspace",
            "its gateway has not ended after " + limit.toSeconds() + " s",
            "try again later"));
  }

  /** Makes an instance that stops or sleeps end its processes, so that no start thaws them. */
  private InstanceView deepen(Caller caller, InstanceId id) {
    var now = get(caller, id);
    if (isOpen(now)) return now;
    return send(
        caller,
        id,
        replyTo -> new InstanceCommand.Deepen(SleepLevel.OFF, clock.instant(), replyTo));
  }

  /** Returns whether no stop is in progress, and no frozen processes are left. */
  private static boolean isOpen(InstanceView view) {
    var status = view.status();
    boolean stopping = status.now() == Name.RUNNING && status.desired() == Name.STOPPED;
    return !stopping && !holdsProcesses(view);
  }

  private static boolean holdsProcesses(InstanceView view) {
    return view.sleep().filter(Sleep::holdsProcesses).isPresent();
  }

  static InstanceView answer(CompletionStage<InstanceReply> reply) {
    return view(ActorReplies.await(reply, "the instance"));
  }

  static InstanceView view(InstanceReply reply) {
    return switch (reply) {
      case InstanceReply.Accepted(var view) -> view;
      case InstanceReply.Refused(var why) -> throw RejectionErrors.of(why);
      case InstanceReply.Done() -> throw ApiError.instanceNotFound();
    };
  }
}
