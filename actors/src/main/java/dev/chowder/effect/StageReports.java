package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.Finished;
import dev.chowder.instance.InstanceCommand.StagesFinished;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Reports finished stages to an instance. Stages that finish soon after each other share one
 * report, and so one write to the journal.
 */
final class StageReports {
  private final int attempt;
  private final int stages;
  private final Duration within;
  private final ScheduledExecutorService timer;
  private final Consumer<InstanceCommand.Report> instance;
  private final List<Finished> done = new ArrayList<>();
  private int sent;
  private boolean isScheduled;

  /**
   * Creates the reports of one run.
   *
   * @param stages number of stages; the last one is reported at once
   * @param within delay of a report after the first unreported stage; 0 reports each stage alone
   * @param instance receives the reports
   */
  StageReports(
      int attempt,
      int stages,
      Duration within,
      ScheduledExecutorService timer,
      Consumer<InstanceCommand.Report> instance) {
    this.attempt = attempt;
    this.stages = stages;
    this.within = within;
    this.timer = timer;
    this.instance = instance;
  }

  synchronized void add(Finished stage) {
    done.add(stage);
    if (isComplete() || within.isZero()) {
      send();
    } else if (!isScheduled) {
      isScheduled = true;
      var _ = timer.schedule(this::send, within.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  synchronized void send() {
    isScheduled = false;
    if (sent == done.size()) return;
    instance.accept(new StagesFinished(attempt, List.copyOf(done.subList(sent, done.size()))));
    sent = done.size();
  }

  /**
   * Resends the reports from this stage on. The instance does not know of the stage, so its report
   * was lost.
   */
  synchronized void resendFrom(int stage) {
    sent = Math.min(sent, stage);
    send();
  }

  synchronized boolean isComplete() {
    return done.size() == stages;
  }

  synchronized int done() {
    return done.size();
  }
}
