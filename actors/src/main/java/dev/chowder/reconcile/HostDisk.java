package dev.chowder.reconcile;

import dev.chowder.base.RepeatingThread;
import dev.chowder.sandbox.SandboxHost;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows how much space the disks of this host have: that of the home volumes and that of the state
 * directory with the database. Does not know which agents use the space.
 */
public final class HostDisk implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HostDisk.class);

  private final HostDiskSettings settings;
  private final Supplier<SandboxHost> host;
  private final DiskReserve reserve;
  private final RepeatingThread thread = new RepeatingThread("disk-guard");
  private volatile long freeBytes = Long.MAX_VALUE;

  /**
   * Creates the view of this host's disks. Nothing is read before {@link #start}.
   *
   * @param host returns the host of the sandboxes
   */
  public HostDisk(HostDiskSettings settings, Supplier<SandboxHost> host, DiskReserve reserve) {
    this.settings = settings;
    this.host = host;
    this.reserve = reserve;
  }

  /** Reads the free space now and then at the interval, until closed. */
  public HostDisk start() {
    if (settings.minFreeBytes() > 0) thread.nowAndEvery(settings.guardInterval(), this::check);
    return this;
  }

  private void check() {
    try {
      reserve.releaseIfFull();
      long free = Math.min(host.get().freeDiskBytes().orElse(Long.MAX_VALUE), reserve.freeBytes());
      boolean wasLow = isLow();
      freeBytes = free;
      if (isLow() && !wasLow) {
        LOG.error("event=disk-almost-full free={} needed={}", free, settings.minFreeBytes());
      } else if (wasLow && !isLow()) {
        LOG.info("event=disk-has-space free={}", free);
      }
      if (!isLow()) reserve.restore(settings.minFreeBytes());
    } catch (RuntimeException why) {
      LOG.warn("event=disk-not-read", why);
    }
  }

  /** Returns the free space of the disk with the least, as last read. */
  public long freeBytes() {
    return freeBytes;
  }

  /** Returns how much space is missing; 0 if there is enough. */
  public long missingBytes() {
    return Math.max(0, settings.minFreeBytes() - freeBytes);
  }

  /** Returns whether a disk is almost full. */
  public boolean isLow() {
    return missingBytes() > 0;
  }

  /** Returns the free space below which a disk is almost full. */
  public long minFreeBytes() {
    return settings.minFreeBytes();
  }

  @Override
  public void close() {
    thread.close();
  }
}
