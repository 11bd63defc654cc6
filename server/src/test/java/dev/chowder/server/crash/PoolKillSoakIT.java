package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** Kills processes with pool members at every failpoint. */
@Tag("soak")
class PoolKillSoakIT extends PoolCrashContract {
  private static CrashLanes lanes;

  @BeforeAll
  static void makeLanes(@TempDir Path base) throws IOException {
    lanes =
        new CrashLanes(
            base, HomeStorage.chosen(), new Launcher.Processes(), PoolScenarios.SETTINGS);
  }

  @AfterAll
  static void end() {
    lanes.close();
  }

  @Override
  CrashLanes lanes() {
    return lanes;
  }
}
