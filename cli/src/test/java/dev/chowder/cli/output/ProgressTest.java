package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @Test
  void withoutATerminalEachStepIsOneLine() {
    var progress = new Notices(printed, false).progress();
    progress.update("a: onboard", "0s");
    progress.update("a: onboard", "1s");
    progress.update("a: publish", "0s");
    progress.finish("a is running");
    assertThat(text()).isEqualTo("a: onboard\na: publish\na is running\n");
  }

  @Test
  void onATerminalOneLineChanges() {
    var progress = new Notices(printed, true).progress();
    progress.update("a: onboard", "0s");
    progress.update("a: onboard", "1s");
    progress.finish("a is running");
    assertThat(text())
        .isEqualTo("\ra: onboard 0s\u001b[K\ra: onboard 1s\u001b[K\r\u001b[Ka is running\n");
  }

  @Test
  void aLongLineIsCutSoThatItDoesNotWrap() {
    new Notices(printed, true).progress().update("x".repeat(200), "");
    assertThat(text()).isEqualTo("\r" + "x".repeat(76) + "...\u001b[K");
  }

  @Test
  void namesCannotControlTheTerminal() {
    new Notices(printed, true).progress().update("a\u001b[2J\n", "");
    assertThat(text()).isEqualTo("\ra\\x1b[2J\\x0a\u001b[K");
  }

  private String text() {
    return printed.toString(StandardCharsets.UTF_8);
  }
}
