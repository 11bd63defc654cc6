package dev.chowder.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.Ending;
import org.junit.jupiter.api.Test;

class CrashCauseTest {
  @Test
  void anOutOfMemoryKillTakesPrecedenceOverTheLog() {
    assertThat(CrashCause.of(137, true, "ENOSPC", Ending.BY_ITSELF).reason())
        .isEqualTo("OUT_OF_MEMORY");
  }

  @Test
  void aFullDiskIsRecognizedInTheLastLines() {
    for (var line :
        new String[] {
          "Error: ENOSPC: no space left on device, write",
          "sh: echo: write error: No space left on device",
          "dd: error writing '/home/c': Disk quota exceeded",
          "Error: Unknown system error -122: Unknown system error -122, write"
        }) {
      assertThat(CrashCause.of(1, false, "starting | " + line, Ending.BY_ITSELF).reason())
          .isEqualTo("NO_SPACE");
    }
  }

  @Test
  void aFullHeapIsRecognizedInTheMessageOrInTheStack() {
    for (var line :
        new String[] {
          "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap"
              + " out of memory",
          " 2: 0x75968e node::OOMErrorHandler(char const*, v8::OOMDetails const&) [openclaw-gateway]"
        }) {
      assertThat(
              CrashCause.of(
                  134, false, line + " | 10: 0x19c77d1 [openclaw-gateway]", Ending.BY_ITSELF))
          .satisfies(
              cause -> {
                assertThat(cause.reason()).isEqualTo("OUT_OF_MEMORY");
                assertThat(cause.text()).contains("134", "heap");
                assertThat(cause.byItself()).isTrue();
              });
    }
  }

  @Test
  void anyOtherEndIsACrashWithItsExitCode() {
    var crash = CrashCause.of(7, false, "bye", Ending.BY_ITSELF);
    assertThat(crash.reason()).isEqualTo("GATEWAY_CRASHED");
    assertThat(crash.text()).contains("exit code 7");
    assertThat(crash.byItself()).isTrue();
  }

  @Test
  void anEndWithTheEngineOrBySigtermIsNoCrash() {
    var withEngine = CrashCause.of(255, false, "", Ending.WITH_ENGINE);
    assertThat(withEngine.reason()).isEqualTo("ENGINE_RESTARTED");
    assertThat(withEngine.text()).contains("exit code 255");
    assertThat(withEngine.byItself()).isFalse();
    var stopped = CrashCause.of(0, false, "", Ending.STOPPED);
    assertThat(stopped.reason()).isEqualTo("GATEWAY_STOPPED");
    assertThat(stopped.text()).contains("exit code 0");
    assertThat(stopped.byItself()).isFalse();
    // The sender of the signal does not matter; it may be a shutdown of the host.
    assertThat(stopped.byItself()).isFalse();
    // The agent writes the log.
    assertThat(CrashCause.of(0, false, "received SIGTERM", Ending.BY_ITSELF).byItself()).isTrue();
    assertThat(CrashCause.of(0, false, "bye", Ending.BY_ITSELF).byItself()).isTrue();
    // A process that is killed for its memory caused its end, even if the engine ended meanwhile.
    assertThat(CrashCause.of(137, true, "", Ending.WITH_ENGINE).byItself()).isTrue();
  }

  @Test
  void aKilledToolOrAFullDiskDoesNotTurnAnEngineLossOrAStopIntoACrash() {
    var noSpace = "Error: ENOSPC: no space left on device, write";
    var noHeap = "FATAL ERROR: JavaScript heap out of memory";
    for (var lines : new String[] {"", noSpace, noHeap}) {
      for (boolean outOfMemory : new boolean[] {false, true}) {
        assertThat(CrashCause.of(255, outOfMemory, lines, Ending.WITH_ENGINE).reason())
            .isEqualTo("ENGINE_RESTARTED");
        assertThat(CrashCause.of(0, outOfMemory, lines, Ending.STOPPED).reason())
            .isEqualTo("GATEWAY_STOPPED");
      }
      assertThat(CrashCause.of(137, false, lines, Ending.WITH_ENGINE).byItself()).isFalse();
    }
  }
}
