package dev.chowder.server.rate;

import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until a test moves it, so that no bucket fills up on its own. */
public final class StoppedMeter implements TimeMeter {
  private final AtomicLong nanos = new AtomicLong(1);

  void move(Duration by) {
    nanos.addAndGet(by.toNanos());
  }

  @Override
  public long currentTimeNanos() {
    return nanos.get();
  }

  @Override
  public boolean isWallClockBased() {
    return false;
  }
}
