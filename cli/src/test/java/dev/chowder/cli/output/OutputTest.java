package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import java.io.IOException;
import java.io.OutputStream;
import org.junit.jupiter.api.Test;

class OutputTest {
  @Test
  void aReaderThatEndedIsNoError() {
    var output = new Output(failing("Broken pipe"));
    output.line("a");
    assertThatExceptionOfType(OutputClosedException.class).isThrownBy(output::flush);
  }

  @Test
  void aFullDiskIsAnError() {
    var output = new Output(failing("No space left on device"));
    output.line("a");
    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(output::flush)
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ExitCode.FAILED))
        .withMessageContaining("No space left");
  }

  private static OutputStream failing(String message) {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        throw new IOException(message);
      }
    };
  }
}
