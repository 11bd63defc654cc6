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
 * Tells an instance which of its stages are done; those that end soon after one another together,
 * so that they share one write to the journal.
 */
final class StageReports {
  private final int attempt;
  private final int stages;
  private final Duration within;
  private final ScheduledExecutorService timer;
  private final Consumer<InstanceCommand.Report> instance;
  private final List<Finished> done = new ArrayList<>();
  private int told;
  private boolean willTell;

  /**
   * Makes one.
   *
   * @param stages how many there are; with the last one nothing is waited for
   * @param within after the first stage that is not told; zero: each is told by itself
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
      tell();
    } else if (!willTell) {
      willTell = true;
      var _ = timer.schedule(this::tell, within.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  synchronized void tell() {
    willTell = false;
    if (told == done.size()) return;
    instance.accept(new StagesFinished(attempt, List.copyOf(done.subList(told, done.size()))));
    told = done.size();
  }

  /** The instance does not know of that stage: what it was told is lost, and told again. */
  synchronized void tellAgainFrom(int stage) {
    told = Math.min(told, stage);
    tell();
  }

  synchronized boolean isComplete() {
    return done.size() == stages;
  }

  synchronized int done() {
    return done.size();
  }
}
