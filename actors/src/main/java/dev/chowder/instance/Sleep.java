package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;

/**
 * The sleep of a stopped instance.
 *
 * @param level the level that the host last reported
 * @param boot the attempt that started the sleeping processes, which their container's label shows;
 *     0 at level {@link SleepLevel#OFF}. It is less than the instance's attempt if the gateway was
 *     thawed since it booted.
 * @param since the time of the stop; the epoch at level {@link SleepLevel#OFF}
 * @param wanted the level that an effect must reach; equals {@code level} if none is pending
 * @param memory what the processes held when they reached the level
 */
public record Sleep(
    SleepLevel level, int boot, Instant since, SleepLevel wanted, SleepMemory memory) {
  /** The sleep of an instance without processes. */
  public static final Sleep OFF =
      new Sleep(SleepLevel.OFF, 0, Instant.EPOCH, SleepLevel.OFF, SleepMemory.NONE);

  /** Returns the sleep at a level, where no effect is pending. */
  static Sleep at(SleepLevel level, int boot, Instant since, SleepMemory memory) {
    return level == SleepLevel.OFF ? OFF : new Sleep(level, boot, since, level, memory);
  }

  /** Returns whether processes are left that a start can thaw. */
  @JsonIgnore
  public boolean holdsProcesses() {
    return level != SleepLevel.OFF;
  }

  /** Returns whether a start may thaw the processes. They may be ending already. */
  @JsonIgnore
  public boolean canWake() {
    return holdsProcesses() && wanted != SleepLevel.OFF;
  }

  /** Returns whether an effect must reach a deeper level. */
  @JsonIgnore
  public boolean isDeepening() {
    return wanted != level;
  }

  Sleep wanting(SleepLevel deeper) {
    return new Sleep(level, boot, since, deeper, memory);
  }

  /** Returns the sleep at a level that an effect reached. Only a page-out is given up. */
  Sleep reached(SleepLevel reached, SleepMemory left) {
    var now = at(reached, boot, since, left);
    return wanted == SleepLevel.OFF && now.holdsProcesses() ? now.wanting(SleepLevel.OFF) : now;
  }
}
