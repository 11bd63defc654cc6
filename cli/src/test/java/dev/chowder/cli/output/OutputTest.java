package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputTest {
  @Test
  void jsonIsOneLine() {
    var stream = new ByteArrayOutputStream();
    var output = new Output(stream);
    output.json("{\"a\":\r\n [1,\n\"b\\n\"]}\n");
    output.flush();
    assertThat(stream.toString(StandardCharsets.UTF_8)).isEqualTo("{\"a\":  [1, \"b\\n\"]}\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "<html>", "hello", "{a: 1}", "{} {}", "{\"a\": \"\n\"}", "[1"})
  void whatIsNoJsonIsNotPrinted(String text) {
    var stream = new ByteArrayOutputStream();
    var output = new Output(stream);
    assertThatExceptionOfType(CommandException.class).isThrownBy(() -> output.json(text));
    output.flush();
    assertThat(stream.size()).isZero();
  }

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
