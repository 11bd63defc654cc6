package dev.chowder.effect;

import dev.chowder.base.FairSemaphore;

/**
 * Permits for boots on this node. One of them is reserved for organizations without a boot, so that
 * gateways that hang do not delay the agents of all others. The effect runner takes them, and the
 * admission of memory counts the gateways that boot or wait to boot.
 */
public final class BootPermits {
  private final FairSemaphore permits;

  public BootPermits(EffectSettings settings) {
    int max = settings.maxConcurrentBoots();
    this.permits = new FairSemaphore(max, Math.min(1, max - 1));
  }

  /** Returns the number of agents that boot on this node or wait for a permit to boot. */
  public int booting() {
    return permits.waiting() + permits.taken();
  }

  FairSemaphore permits() {
    return permits;
  }
}
