package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Adds a sample RPC to a copy of this tree, generates the documents, and runs the tests that a new
 * RPC concerns. The sample is a verb with a command of its own. The copy is deleted.
 */
class SampleRpcCheck {
  private static final int MAX_FILES = 7;

  /** The tests that write documents. */
  private static final String DOCUMENTS = "*DocumentTest,LimitTextsTest";

  /** The tests that fail if one of the edits is missing. */
  private static final String TESTS =
      "*DocumentTest,Envoy*Test,DocumentedFactsTest,RpcFactsTest,ApiPagesTest,InstanceWireTest,"
          + "Lifecycle*Test,LimitTextsTest";

  private static final Duration LIMIT = Duration.ofMinutes(25);

  @TempDir private Path folder;

  @Test
  void anRpcNeedsAtMostSevenFilesThatAreEditedByHand() throws IOException {
    var copy = Project.here().copyTo(folder);
    assertThat(SampleRpc.addTo(copy)).hasSizeLessThanOrEqualTo(MAX_FILES);
    // Generated documents must be all that the edits leave to do.
    test(copy, DOCUMENTS, "-Dchowder.update-docs=true");
    assertThat(Files.readString(copy.file("docs/REST.md"))).contains("ReloadInstance");
    assertThat(Files.readString(copy.file("envoy/envoy.yaml")))
        .contains("InstanceService/ReloadInstance");
    test(copy, TESTS);
  }

  private static void test(Project copy, String tests, String... options) {
    var arguments =
        new ArrayList<>(
            List.of(
                "-P!handwritten",
                "-pl",
                "server",
                "-am",
                "test",
                "-Dtest=" + tests,
                "-Dsurefire.failIfNoSpecifiedTests=false"));
    arguments.addAll(List.of(options));
    new Maven(copy.root()).run("test a sample RPC", LIMIT, arguments.toArray(String[]::new));
  }
}
