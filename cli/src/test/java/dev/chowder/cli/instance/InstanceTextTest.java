package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Timestamps;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Instance.Status;
import dev.chowder.api.v1.Stage;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstanceTextTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  @Test
  void aListHasOneLineForEachInstance() {
    var table =
        InstanceText.table(
            List.of(
                instance("a", Status.running, Status.running).build(),
                instance("b\u001b[2J", Status.stopped, Status.running)
                    .setStage("await_start")
                    .build()),
            InstanceColumn.USUAL,
            NOW);
    assertThat(table.lines())
        .containsExactly(
            "NAME      STATUS                            MODEL        AGE  ID",
            "a         running                           custom/demo  2h   id-of-a",
            "b\\x1b[2J  stopped -> running (await_start)  custom/demo  2h   id-of-b\\x1b[2J");
  }

  @Test
  void theStatusExplainsItself() {
    assertThat(
            InstanceText.status(
                instance("a", Status.provisioning, Status.running).setStage("onboard").build()))
        .isEqualTo("provisioning (onboard)");
    assertThat(
            InstanceText.status(
                instance("a", Status.stopped, Status.stopped)
                    .setSleepLevel(Instance.SleepLevel.frozen)
                    .build()))
        .isEqualTo("stopped (frozen)");
    assertThat(
            InstanceText.status(
                instance("a", Status.error, Status.error).setErrorReason("OUT_OF_MEMORY").build()))
        .isEqualTo("error (OUT_OF_MEMORY)");
    assertThat(InstanceText.status(instance("a", Status.running, Status.stopped).build()))
        .isEqualTo("running -> stopped");
  }

  @Test
  void detailsLeaveOutWhatIsAbsent() {
    var lines =
        InstanceText.details(
            instance("a", Status.running, Status.running)
                .putLabels("team", "docs")
                .putLabels("a", "b\n")
                .addStages(
                    Stage.newBuilder()
                        .setName("onboard")
                        .setOutcome(Stage.Outcome.prepared)
                        .setDurationMs(226))
                .addStages(Stage.newBuilder().setName("publish"))
                .build());
    assertThat(lines)
        .containsExactly(
            "name:    a",
            "id:      id-of-a",
            "status:  running",
            "model:   custom/demo",
            "labels:  a=b\\x0a, team=docs",
            "created: 2026-01-01T10:00:00Z",
            "",
            "STAGE    OUTCOME      TIME   NOTE",
            "onboard  prepared     226ms  -",
            "publish  in progress  -      -");
  }

  private static Instance.Builder instance(String name, Status status, Status desired) {
    return Instance.newBuilder()
        .setId("id-of-" + name)
        .setName(name)
        .setStatus(status)
        .setDesiredStatus(desired)
        .setModelProvider("custom")
        .setModel("demo")
        .setCreatedAt(Timestamps.fromMillis(NOW.minusSeconds(7200).toEpochMilli()));
  }
}
