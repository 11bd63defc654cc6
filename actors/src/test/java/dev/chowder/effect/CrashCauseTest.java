package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CrashCauseTest {
  @Test
  void theEnginesWordOnMemoryComesFirst() {
    assertThat(CrashCause.of(137, true, "ENOSPC").reason()).isEqualTo("OUT_OF_MEMORY");
  }

  @Test
  void aFullDiskIsReadOffTheLastLines() {
    for (var line :
        new String[] {
          "Error: ENOSPC: no space left on device, write",
          "sh: echo: write error: No space left on device"
        }) {
      assertThat(CrashCause.of(1, false, "starting | " + line).reason()).isEqualTo("NO_SPACE");
    }
  }

  @Test
  void aFullHeapIsReadOffTheLastLinesOrOffTheStackBelowThem() {
    for (var line :
        new String[] {
          "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap"
              + " out of memory",
          " 2: 0x75968e node::OOMErrorHandler(char const*, v8::OOMDetails const&) [openclaw-gateway]"
        }) {
      assertThat(CrashCause.of(134, false, line + " | 10: 0x19c77d1 [openclaw-gateway]"))
          .isEqualTo(
              new CrashCause(
                  "OUT_OF_MEMORY", "it ended with exit code 134 because its heap was full"));
    }
  }

  @Test
  void everythingElseIsACrashWithItsExitCode() {
    assertThat(CrashCause.of(7, false, "bye"))
        .isEqualTo(new CrashCause("GATEWAY_CRASHED", "it ended by itself with exit code 7"));
  }
}
