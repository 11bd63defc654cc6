package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kills processes at every failpoint and at random moments. */
@Tag("soak")
class KillSoakIT extends CrashContract {
  private static final int RANDOM_KILLS = 12;

  private static CrashLanes lanes;

  @BeforeAll
  static void makeLanes(@TempDir Path base) throws IOException {
    lanes = new CrashLanes(base, HomeStorage.chosen(), new Launcher.Processes(), List.of());
  }

  @AfterAll
  static void end() {
    lanes.close();
  }

  @Override
  CrashLanes lanes() {
    return lanes;
  }

  static List<Long> seeds() {
    return Seeds.random(Seeds.KILL, RANDOM_KILLS);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void aKillAtARandomMomentLosesNothing(long seed) throws IOException {
    scenarios().dieAtARandomMoment(seed);
  }
}
