package dev.chowder.server;

import java.lang.management.ManagementFactory;
import java.util.List;
import org.slf4j.Logger;

/** The AOT cache of the JVM, with which a node starts in half the time (docs/adr/0015). */
final class AotCache {
  private static final String OPTION = "-XX:AOTCache=";

  private AotCache() {}

  /** Logs whether this JVM loaded a cache. It rejects one of another JVM or of other jars. */
  static void log(Logger log) {
    var state =
        state(
            ManagementFactory.getRuntimeMXBean().getInputArguments(),
            System.getProperty("java.vm.info", ""));
    if (state == State.REJECTED) {
      log.warn("AOT cache: rejected by the JVM, whose message is above; this start takes longer");
    } else {
      log.info("AOT cache: {}", state == State.LOADED ? "loaded" : "none; this start takes longer");
    }
  }

  /**
   * Returns the state of the cache.
   *
   * @param options options of the JVM
   * @param vmInfo the property {@code java.vm.info}. It contains {@code sharing} if the JVM loaded
   *     the archive that its options name or, without such an option, its own archive
   */
  static State state(List<String> options, String vmInfo) {
    if (options.stream().noneMatch(option -> option.startsWith(OPTION))) return State.NONE;
    return vmInfo.contains("sharing") ? State.LOADED : State.REJECTED;
  }

  enum State {
    NONE,
    LOADED,
    REJECTED
  }
}
