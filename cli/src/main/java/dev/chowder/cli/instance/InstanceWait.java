package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.Interruption;
import dev.chowder.cli.output.Notices;
import dev.chowder.cli.output.Progress;
import dev.chowder.cli.output.Spans;
import dev.chowder.client.ApiException;
import dev.chowder.client.EventStream.Part;
import dev.chowder.client.Reply;
import java.time.Duration;

/** Waits until an instance has a status, and shows its progress. */
record InstanceWait(Instances instances, Notices notices, boolean waitsForOthers) {
  /** How often the time of a step is shown. */
  private static final Duration TICK = Duration.ofMillis(500);

  /** Three heartbeats of a watch. */
  static final Duration SILENCE_LIMIT = Duration.ofSeconds(90);

  private static final Duration OPEN_LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** Returns a wait for the result of a change that this command requested. */
  static InstanceWait afterChange(Instances instances, Notices notices) {
    return new InstanceWait(instances, notices, false);
  }

  /** Returns a wait that goes on until another caller requests the change. */
  static InstanceWait forOthers(Instances instances, Notices notices) {
    return new InstanceWait(instances, notices, true);
  }

  /** An instance, and its JSON as the API returned it. */
  record Seen(Instance instance, String json) {
    static Seen of(Reply reply) {
      return new Seen(Instances.parse(reply), reply.json());
    }
  }

  /**
   * Waits until the instance has the status and no operation changes it.
   *
   * @param first its state after the change was requested
   * @return its last state
   */
  Seen until(Seen first, Instance.Status wanted, Deadline limit) {
    long began = System.nanoTime();
    var name = first.instance().getName();
    try (var progress = notices.progress();
        var _ = Interruption.runs(() -> notices.interrupted(interrupted(name)))) {
      var shown = new Shown(progress);
      var seen = first;
      while (true) {
        if (isSteady(seen.instance()) && !waitsFor(seen.instance(), wanted)) {
          check(seen.instance(), wanted);
          var served = seen.instance().hasServedBy() ? seen.instance().getServedBy() + ", " : "";
          progress.finish(
              "%s is %s (%s%s)"
                  .formatted(
                      name,
                      wanted,
                      served,
                      Spans.precise(Duration.ofNanos(System.nanoTime() - began))));
          if (wanted == Instance.Status.running) {
            InstanceText.notes(seen.instance()).forEach(notices::say);
          }
          return seen;
        }
        shown.update(seen.instance());
        seen = next(seen, shown, limit);
      }
    }
  }

  /** Shows the current step and its time. */
  private static final class Shown {
    private final Progress progress;
    private String step = "";
    private long since = System.nanoTime();

    Shown(Progress progress) {
      this.progress = progress;
    }

    void update(Instance instance) {
      var next = instance.getName() + ": " + InstanceText.status(instance);
      if (!next.equals(step)) since = System.nanoTime();
      step = next;
      progress.update(step, Spans.age(Duration.ofNanos(System.nanoTime() - since)));
    }
  }

  /** Returns the next steady state or, if the watch breaks before one, the last state. */
  private Seen next(Seen seen, Shown shown, Deadline limit) {
    var last = seen;
    var instance = seen.instance();
    if (limit.isOver()) throw late(instance, limit);
    try (var stream =
        instances.watch(instance.getId(), instance.getRevision(), limit.left(OPEN_LIMIT))) {
      var silence = Deadline.after(SILENCE_LIMIT);
      while (!silence.isOver()) {
        if (limit.isOver()) throw late(last.instance(), limit);
        switch (stream.poll(limit.left(TICK))) {
          case Part.Data(var json) -> {
            last = new Seen(Reply.parse(json, Instance.getDefaultInstance()), json);
            if (isSteady(last.instance())) return last;
            silence = Deadline.after(SILENCE_LIMIT);
          }
          case Part.End _ -> {
            return reread(last, limit);
          }
          case null -> {}
        }
        shown.update(last.instance());
      }
      return last;
    } catch (ApiException rejected) {
      // Others watch the instance, too; it is polled instead.
      if (!rejected.reason().equals("RATE_LIMITED")) throw rejected;
      return reread(last, limit);
    }
  }

  private Seen reread(Seen last, Deadline deadline) {
    try {
      Thread.sleep(deadline.left(PAUSE));
    } catch (InterruptedException interrupted) {
      throw CommandException.interrupted(interrupted);
    }
    return Seen.of(instances.get(last.instance().getId()));
  }

  private boolean waitsFor(Instance instance, Instance.Status wanted) {
    boolean isOver =
        instance.getStatus() == wanted
            || instance.getStatus() == Instance.Status.error
            || instance.getStatus() == Instance.Status.terminated;
    return waitsForOthers && !isOver;
  }

  private static boolean isSteady(Instance instance) {
    return instance.getStatus() == instance.getDesiredStatus();
  }

  private static void check(Instance instance, Instance.Status wanted) {
    var name = instance.getName();
    if (instance.getStatus() == wanted) return;
    switch (instance.getStatus()) {
      case error ->
          throw ExitCode.FAILED.failure(
              "%s failed: %s (%s); \"chowder recover\" starts it again"
                  .formatted(name, instance.getErrorMessage(), instance.getErrorReason()));
      case terminated ->
          throw ExitCode.NOT_FOUND.failure("%s was deleted by another caller".formatted(name));
      default ->
          throw ExitCode.CONFLICT.failure(
              "%s: must become %s; got %s, because another caller changed it; repeat the command"
                  .formatted(name, wanted, instance.getStatus()));
    }
  }

  private String interrupted(String name) {
    return waitsForOthers
        ? "chowder: interrupted; nothing was changed."
        : "chowder: interrupted; the operation of %s goes on, and \"chowder watch\" shows it."
            .formatted(name);
  }

  private static CommandException late(Instance instance, Deadline limit) {
    return ExitCode.TIMED_OUT.failure(
        "%s is still %s after %s and goes on; \"chowder watch\" shows it"
            .formatted(
                instance.getName(), InstanceText.status(instance), Spans.precise(limit.time())));
  }
}
