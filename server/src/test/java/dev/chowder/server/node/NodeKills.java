package dev.chowder.server.node;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Decides at which failpoint a node dies. */
final class NodeKills implements Predicate<String> {
  private final AtomicInteger left = new AtomicInteger();

  /** Lets the node die at this failpoint, counted from here. */
  void dieAt(int failpoint) {
    left.set(failpoint);
  }

  /** Lets the node run. */
  void disarm() {
    left.set(0);
  }

  @Override
  public boolean test(String failpoint) {
    return left.getAndUpdate(n -> Math.max(0, n - 1)) == 1;
  }
}
