package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventActor;
import dev.chowder.sandbox.Ending;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** The engine has pushed out these events. */
  @Test
  void anEndThatTheServerFollowedIsRememberedUntilTheContainerStartsOrGoes() {
    var ends = new LastEnds();
    assertThat(ends.of("c", at(0))).isEmpty();
    ends.record(followed("start", "", 1));
    ends.record(followed("die", "", 2));
    assertThat(ends.of("c", at(1))).hasValue(Ending.BY_ITSELF);
    // A renewed stream repeats events.
    ends.record(followed("start", "", 1));
    ends.record(followed("die", "", 2));
    assertThat(ends.of("c", at(1))).hasValue(Ending.BY_ITSELF);
    // The start was missed while the stream was broken.
    assertThat(ends.of("c", at(3))).isEmpty();
    ends.record(followed("start", "", 3));
    assertThat(ends.of("c", at(3))).isEmpty();
    ends.record(followed("kill", "15", 4));
    ends.record(followed("die", "", 5));
    assertThat(ends.of("c", at(3))).hasValue(Ending.STOPPED);
    ends.record(followed("destroy", "", 6));
    assertThat(ends.of("c", at(3))).isEmpty();
  }

  private static Event followed(String action, String signal, long second) {
    var event = event(action, signal).withTimenano(second * 1_000_000_000);
    Objects.requireNonNull(event.getActor()).withId("c");
    return event;
  }

  private static Instant at(long second) {
    return Instant.ofEpochSecond(second);
  }

  private static Event event(String action, String signal) {
    return new Event()
        .withAction(action)
        .withEventActor(new EventActor().withAttributes(Map.of("signal", signal)));
  }
}
