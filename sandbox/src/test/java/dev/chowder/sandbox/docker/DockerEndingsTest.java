package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventActor;
import dev.chowder.sandbox.Ending;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DockerEndingsTest {
  @Test
  void anEngineThatRestartedDoesNotRememberTheEnd() {
    assertThat(DockerEndings.of(List.of())).isEqualTo(Ending.WITH_ENGINE);
    // The engine forgot the end, or the container was started again.
    assertThat(DockerEndings.of(List.of(event("kill", "15"), event("die", ""), event("start", ""))))
        .isEqualTo(Ending.WITH_ENGINE);
  }

  @Test
  void aContainerThatReceivedSigtermIsStoppedEvenIfItIsKilledLater() {
    assertThat(DockerEndings.of(List.of(event("kill", "15"), event("kill", "9"), event("die", ""))))
        .isEqualTo(Ending.STOPPED);
  }

  @Test
  void aContainerThatDiesOrIsKilledWithoutSigtermEndsByItself() {
    assertThat(DockerEndings.of(List.of(event("start", ""), event("die", ""))))
        .isEqualTo(Ending.BY_ITSELF);
    assertThat(DockerEndings.of(List.of(event("kill", "9"), event("die", ""))))
        .isEqualTo(Ending.BY_ITSELF);
    // An earlier run of the container was stopped.
    assertThat(
            DockerEndings.of(
                List.of(
                    event("kill", "15"), event("die", ""), event("start", ""), event("die", ""))))
        .isEqualTo(Ending.BY_ITSELF);
    // The container was stopped after it had ended.
    assertThat(DockerEndings.of(List.of(event("die", ""), event("kill", "15"))))
        .isEqualTo(Ending.BY_ITSELF);
  }

  private static Event event(String action, String signal) {
    return new Event()
        .withAction(action)
        .withEventActor(new EventActor().withAttributes(Map.of("signal", signal)));
  }
}
