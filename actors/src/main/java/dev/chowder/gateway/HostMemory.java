package dev.chowder.gateway;

import dev.chowder.instance.InstanceId;
import java.util.Optional;

/** Admits gateways if the host has memory for them. */
@FunctionalInterface
public interface HostMemory {
  /**
   * Returns whether the host has memory for the gateway of this instance, and counts the gateway if
   * so. False if the engine does not respond.
   */
  boolean admits(InstanceId id);

  /** As {@link #admits}, after pool members and then sleeping gateways made room if necessary. */
  default boolean admitsByEviction(InstanceId id) {
    return admits(id);
  }

  /** From now on, counts only the memory that the gateway still lacks. */
  default void ready(InstanceId id) {}

  /** From now on, does not count what the gateway lacks, because it needs no more memory. */
  default void stops(InstanceId id) {}

  /**
   * Reserves memory that a gateway reads back from swap while it ends.
   *
   * @return the reservation, which the caller closes; empty if the host has no memory for it
   */
  default Optional<Reservation> reserve(long bytes) {
    return Optional.of(() -> {});
  }

  /** Memory of the host that counts as taken until it is closed. */
  @FunctionalInterface
  interface Reservation extends AutoCloseable {
    @Override
    void close();
  }
}
