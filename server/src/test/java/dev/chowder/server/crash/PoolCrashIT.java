package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Lets nodes with pool members die in this process. */
class PoolCrashIT extends PoolCrashContract {
  private static CrashLanes lanes;

  @BeforeAll
  static void makeLanes(@TempDir Path base) throws IOException {
    lanes = new CrashLanes(base, HomeStorage.chosen(), new NodeLauncher(), PoolScenarios.SETTINGS);
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
