package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryStallTest {
  @TempDir Path folder;

  @Test
  void theShareOfTheLastTenSecondsIsRead() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("memory"),
            """
            some avg10=40.00 avg60=30.00 avg300=20.00 total=8431789
            full avg10=12.50 avg60=0.45 avg300=0.34 total=4706104
            """);
    assertThat(new MemoryStall(file).percent()).isEqualTo(12.5);
  }

  @Test
  void aKernelWithoutTheFileReportsNoStall() throws IOException {
    assertThat(new MemoryStall(folder.resolve("missing")).percent()).isZero();
    assertThat(new MemoryStall(Files.createFile(folder.resolve("empty"))).percent()).isZero();
  }
}
