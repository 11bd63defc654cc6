package dev.chowder.gateway;

import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.util.Locale;

/**
 * The cause of an end that the instance did not request: the engine, a stop, memory, disk or the
 * process itself. Derived from the engine's record and the last lines of the log.
 *
 * @param reason in UPPER_SNAKE case
 * @param text a sentence about the process, without its name
 * @param byItself whether the process ended by itself, rather than because of the engine, the host
 *     or a stop
 */
public record CrashCause(String reason, String text, boolean byItself) {
  /** The exit code after SIGKILL, which the kernel sends if memory runs out. */
  private static final int KILLED = 137;

  CrashCause(String reason, String text) {
    this(reason, text, true);
  }

  public static CrashCause of(MainProcess.Ended ended, String lastLines, Ending ending) {
    return of(ended.exitCode(), ended.outOfMemory(), lastLines, ending);
  }

  /**
   * Returns the cause of an end.
   *
   * @param outOfMemory whether any process in the sandbox was killed for its memory, such as a tool
   *     of the agent; the main process was killed only if its exit code is 137
   */
  static CrashCause of(int exitCode, boolean outOfMemory, String lastLines, Ending ending) {
    boolean killedForMemory = outOfMemory && exitCode == KILLED;
    if (!killedForMemory) {
      if (ending == Ending.WITH_ENGINE) {
        return new CrashCause(
            "ENGINE_RESTARTED",
            "it ended with exit code " + exitCode + " when the engine or the host stopped",
            false);
      }
      if (ending == Ending.STOPPED) {
        return new CrashCause(
            "GATEWAY_STOPPED",
            "it ended with exit code "
                + exitCode
                + " because something stopped it: the check of its databases after a start, or a"
                + " program outside Chowder",
            false);
      }
    }
    if (outOfMemory) {
      return new CrashCause(
          "OUT_OF_MEMORY", "it was killed because the sandbox reached its memory limit");
    }
    if (reportsHeapFull(lastLines)) {
      return new CrashCause(
          "OUT_OF_MEMORY", "it ended with exit code " + exitCode + " because its heap was full");
    }
    if (reportsDiskFull(lastLines)) {
      return new CrashCause(
          "NO_SPACE", "it ended with exit code " + exitCode + " because its disk is full");
    }
    return new CrashCause("GATEWAY_CRASHED", "it ended by itself with exit code " + exitCode);
  }

  /**
   * Returns whether V8 reports a full heap, in its message or in the stack below it. V8 ends the
   * process before the engine would kill it.
   */
  private static boolean reportsHeapFull(String lines) {
    return lines.contains("JavaScript heap out of memory") || lines.contains("OOMErrorHandler");
  }

  /**
   * Returns whether the lines have a message of Node or the C library for ENOSPC or EDQUOT. Node
   * has no name for EDQUOT.
   */
  public static boolean reportsDiskFull(String lines) {
    var lower = lines.toLowerCase(Locale.ROOT);
    return lower.contains("enospc")
        || lower.contains("no space left on device")
        || lower.contains("disk quota exceeded")
        || lower.contains("unknown system error -122");
  }
}
