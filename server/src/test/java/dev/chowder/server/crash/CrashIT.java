package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lets nodes die in this process. {@link KillSoakIT} kills a process at each of these failpoints,
 * and {@link KillIT} at some.
 */
class CrashIT extends CrashContract {
  private static CrashLanes lanes;

  @BeforeAll
  static void makeLanes(@TempDir Path base) throws IOException {
    lanes = new CrashLanes(base, HomeStorage.chosen(), new NodeLauncher(), List.of());
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
