package dev.chowder.gateway;

import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;

/**
 * Stops gateways and deepens their sleep. Every method can be repeated after a crash, and ends
 * early if its thread is interrupted.
 */
public interface SleepWork {
  /**
   * Stops the gateway of this attempt or of an earlier one. Freezes it if the settings and the
   * effect permit that, the gateway finishes its work in time, and the host can freeze it.
   * Otherwise ends it; a gateway that does not drain in time is killed.
   */
  StopResult stop(InstanceId id, InstanceEffect.StopGateway stop) throws InterruptedException;

  /**
   * The result of a stop.
   *
   * @param boot the attempt that started the sleeping processes; 0 if none are left
   */
  record StopResult(int boot, Slept slept) {
    public static final StopResult OFF = new StopResult(0, Slept.OFF);
  }

  /** The level that a gateway reached, and its memory there. */
  record Slept(SleepLevel level, SleepMemory memory) {
    public static final Slept OFF = new Slept(SleepLevel.OFF, SleepMemory.NONE);
  }

  /**
   * Moves a sleeping gateway to a deeper level, and returns the level that it has then. It is less
   * deep than requested if most of the gateway's memory did not go to swap, or if the gateway runs
   * again. It is deeper if no process is left.
   */
  Slept deepen(InstanceId id, InstanceEffect.Deepen deepen) throws InterruptedException;
}
