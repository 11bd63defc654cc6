package dev.chowder.effect;

import dev.chowder.sandbox.SandboxDriver.Ending;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.util.Locale;

/**
 * Why a process ended that Chowder did not stop: memory, disk, or the process itself. Derived from
 * the engine's answer and the last lines of the log.
 *
 * @param reason UPPER_SNAKE
 * @param text in plain words, without the name of the process
 * @param byItself whether the process ended by itself, and not because of the engine, the host or a
 *     stop
 */
record CrashCause(String reason, String text, boolean byItself) {
  /** The exit code of a process that SIGKILL ended, as the kernel does without memory. */
  private static final int KILLED = 137;

  CrashCause(String reason, String text) {
    this(reason, text, true);
  }

  static CrashCause of(MainProcess.Ended ended, String lastLines, Ending ending) {
    return of(ended.exitCode(), ended.outOfMemory(), lastLines, ending);
  }

  /**
   * Returns the cause of one end.
   *
   * @param outOfMemory whether anything in the sandbox was killed for its memory, such as a tool of
   *     the agent; the process itself only if its exit code is 137
   */
  static CrashCause of(int exitCode, boolean outOfMemory, String lastLines, Ending ending) {
    boolean killedForMemory = outOfMemory && exitCode == KILLED;
    if (!killedForMemory) {
      if (ending == Ending.WITH_ENGINE) {
        return new CrashCause(
            "ENGINE_RESTARTED",
            "it ended with the engine or the host, exit code " + exitCode,
            false);
      }
      if (ending == Ending.STOPPED || (exitCode == 0 && lastLines.contains("SIGTERM"))) {
        return new CrashCause(
            "GATEWAY_STOPPED", "it was stopped from outside, exit code " + exitCode, false);
      }
    }
    if (outOfMemory) {
      return new CrashCause(
          "OUT_OF_MEMORY", "killed because the sandbox's memory limit was reached");
    }
    if (saysHeapFull(lastLines)) {
      return new CrashCause(
          "OUT_OF_MEMORY", "it ended with exit code " + exitCode + " because its heap was full");
    }
    if (saysDiskFull(lastLines)) {
      return new CrashCause(
          "NO_SPACE", "it ended with exit code " + exitCode + " because its disk is full");
    }
    return new CrashCause("GATEWAY_CRASHED", "it ended by itself with exit code " + exitCode);
  }

  /** V8's words, above and in the stack that it prints: it gives up before the engine kills it. */
  private static boolean saysHeapFull(String lines) {
    return lines.contains("JavaScript heap out of memory") || lines.contains("OOMErrorHandler");
  }

  /** Node's and the C library's words for ENOSPC and EDQUOT; Node has no name for the latter. */
  static boolean saysDiskFull(String lines) {
    var lower = lines.toLowerCase(Locale.ROOT);
    return lower.contains("enospc")
        || lower.contains("no space left on device")
        || lower.contains("disk quota exceeded")
        || lower.contains("unknown system error -122");
  }
}
