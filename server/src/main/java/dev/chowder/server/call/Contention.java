package dev.chowder.server.call;

import java.util.function.LongSupplier;

/**
 * Detects whether several organizations use this node at the same time. An organization is alone if
 * no other one called the node within the window. Remembers only the two organizations that called
 * last, so its memory does not grow with the number of organizations.
 */
final class Contention {
  private final long windowNanos;
  private final LongSupplier nanoTime;
  private Call last = Call.NONE;
  private Call lastOfAnother = Call.NONE;

  private record Call(String organization, long at) {
    /** No organization has this id. */
    private static final Call NONE = new Call("", 0);
  }

  /**
   * Creates a detector that has seen no call.
   *
   * @param nanoTime the monotonic clock, in nanoseconds
   */
  Contention(long windowNanos, LongSupplier nanoTime) {
    this.windowNanos = windowNanos;
    this.nanoTime = nanoTime;
  }

  /** Records a call, and returns whether another organization called within the window. */
  synchronized boolean isContended(String organization) {
    long now = nanoTime.getAsLong();
    if (!organization.equals(last.organization())) lastOfAnother = last;
    last = new Call(organization, now);
    return !lastOfAnother.equals(Call.NONE) && now - lastOfAnother.at() <= windowNanos;
  }
}
