package dev.chowder.pool;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.storage.InstanceRows;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * Decides whether pool members may exist and boot now: whether all nodes read their events, how
 * much memory the host has for them, and whether other gateways boot. Does not know which members
 * are wanted.
 *
 * @param memory admits a member if the host has memory for it and for one gateway besides
 * @param booting returns how many gateways boot on this node
 * @param canBeStored whether all nodes read the events of members
 */
public record MemberAdmission(
    SandboxEngine engine,
    InstanceRows rows,
    Predicate<InstanceId> memory,
    IntSupplier booting,
    BooleanSupplier canBeStored,
    PoolSettings settings) {
  /** Returns whether members may exist. */
  boolean isEnabled() {
    return settings.isEnabled() && canBeStored.getAsBoolean();
  }

  HostCapacity capacity() {
    return engine.host().capacity();
  }

  /** Returns how many members the host may have. */
  int allowed(HostCapacity host) {
    return isShort(host, 0)
        ? 0
        : (int) (settings.memoryShare() * host.totalBytes() / settings.memberBytes());
  }

  /** Returns whether one more member may boot. */
  boolean mayBoot(HostCapacity host) {
    // Otherwise its own memory could make memory short, and it would be discarded again.
    return !isShort(host, 2 * settings.memberBytes());
  }

  /** Returns whether gateways of callers boot. */
  boolean isBusy() {
    return booting.getAsInt() > 0 || rows.countByStatus().containsKey(Name.PROVISIONING.label());
  }

  /** Reserves the memory of a member; returns false if the host does not have it. */
  boolean reserve(InstanceId id) {
    return memory.test(id);
  }

  /** Returns whether memory is short once this much more is used. */
  private boolean isShort(HostCapacity host, long more) {
    return host.availableBytes() - more < settings.lowMemory() * host.totalBytes();
  }
}
