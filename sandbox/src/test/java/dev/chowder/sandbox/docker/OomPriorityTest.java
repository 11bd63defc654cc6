package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OomPriorityTest {
  @TempDir private Path processes;

  @Test
  void eachProcessGetsTheValueAndEndedOnesAreIgnored() throws IOException {
    for (var id : List.of("10", "12")) {
      Files.createDirectory(processes.resolve(id));
      Files.writeString(processes.resolve(id).resolve("oom_score_adj"), "500\n");
    }
    new OomPriority(processes).set(List.of(10L, 11L, 12L), OomPriority.SLEEPING);
    for (var id : List.of("10", "12")) {
      assertThat(processes.resolve(id).resolve("oom_score_adj")).hasContent("1000");
    }
    assertThat(processes.resolve("11")).doesNotExist();
  }
}
