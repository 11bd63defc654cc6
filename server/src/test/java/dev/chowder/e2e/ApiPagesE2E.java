package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.testprogram.TestPrograms;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs each page of {@code docs/api} as written against a complete installation. With {@code
 * CHOWDER_UPDATE_DOCS=yes} it writes the output into the pages instead of comparing.
 */
@ExtendWith(SharedAgents.class)
class ApiPagesE2E {
  /** A page that creates an agent boots it twice. */
  private static final Duration LIMIT = Limits.PROVISIONING.multipliedBy(2);

  private static final Installation HERE = Installation.UNDER_TEST;

  @TempDir Path folder;

  @BeforeAll
  static void theAgentThatThePagesShareRuns() {
    assertThat(SharedAgents.first().get().text("status")).isEqualTo("running");
  }

  static List<Path> pages() throws IOException {
    return ApiPage.files();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void eachPageShowsTheRealOutput(Path page) throws IOException {
    var run =
        new PageRun(
            ApiPage.read(ApiPage.FOLDER.resolve(ApiPage.BEFORE)),
            ApiPage.read(page),
            Map.of("PATH", TestPrograms.here().grpcurl().getParent() + ":" + System.getenv("PATH")),
            Map.of(
                "~/.local/share/chowder", HERE.home().toString(),
                "localhost:8080", HERE.rest().getAuthority(),
                "localhost:9090", HERE.grpc(),
                "localhost:9092", HERE.demoModel().getAuthority()));
    var result = run.run(folder, LIMIT);
    if ("yes".equals(System.getenv("CHOWDER_UPDATE_DOCS"))) {
      run.write(result.answers());
      assertThat(result.failure()).isEmpty();
    } else {
      assertThat(result.complaints()).isEmpty();
    }
  }
}
