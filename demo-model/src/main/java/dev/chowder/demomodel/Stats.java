package dev.chowder.demomodel;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts completions, so that a test can see from outside whether a run was really cancelled. It
 * refuses to know who asked or what was said.
 */
final class Stats {
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger cancelled = new AtomicInteger();
  private final AtomicInteger active = new AtomicInteger();

  /**
   * @param requests completions that were begun, refused ones not included
   * @param cancelled of those, how many ended because their client went away
   * @param active of those, how many are being answered now
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
