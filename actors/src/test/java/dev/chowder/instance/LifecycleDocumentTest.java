package dev.chowder.instance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Checks that docs/LIFECYCLE.md matches the state machine. */
class LifecycleDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "LIFECYCLE.md");

  @Test
  void theDocumentMatchesTheStateMachine() throws IOException {
    var text = new LifecycleDocument(LifecycleExploration.explore()).text();
    if (Boolean.getBoolean("chowder-tool.update-docs")) Files.writeString(DOCUMENT, text);
    assertThat(DOCUMENT)
        .as("run this test with -Dchowder-tool.update-docs=true, and read the difference")
        .hasContent(text);
  }

  @Test
  void theExplorationReachesEveryPhaseByEveryEvent() {
    var steps = LifecycleExploration.explore();
    assertThat(steps.stream().map(step -> LifecycleExploration.phase(step.to())))
        .containsAll(States.all().keySet());
    assertThat(
            steps.stream()
                .flatMap(step -> step.events().stream())
                .map(Object::getClass)
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.asList(InstanceEvent.class.getPermittedSubclasses()));
  }

  @Test
  void theExplorationSendsEveryCommand() {
    var sent =
        java.util.stream.Stream.concat(
                LifecycleExploration.verbs(new InstanceState.Absent()).values().stream(),
                LifecycleExploration.reports(new InstanceState.Absent()).values().stream())
            .map(Object::getClass)
            .collect(Collectors.toSet());
    assertThat(sent)
        .containsAll(Arrays.asList(InstanceCommand.Request.class.getPermittedSubclasses()))
        .containsAll(Arrays.asList(InstanceCommand.Report.class.getPermittedSubclasses()));
  }
}
