package dev.chowder.demomodel;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts completions, so that a test can check over HTTP whether a run was cancelled. Does not know
 * callers or contents.
 */
final class Stats {
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger cancelled = new AtomicInteger();
  private final AtomicInteger active = new AtomicInteger();

  /**
   * @param requests started completions, without rejected ones
   * @param cancelled how many of these ended because the client disconnected
   * @param active how many of these are running
   */
  record Snapshot(int requests, int cancelled, int active) {}

  void began() {
    requests.incrementAndGet();
    active.incrementAndGet();
  }

  void cancelled() {
    cancelled.incrementAndGet();
  }

  void ended() {
    active.decrementAndGet();
  }

  Snapshot snapshot() {
    return new Snapshot(requests.get(), cancelled.get(), active.get());
  }
}
