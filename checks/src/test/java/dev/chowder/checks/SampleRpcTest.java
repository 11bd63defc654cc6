package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SampleRpcTest {
  @Test
  void aPartIsCopiedUnderAnotherName() {
    assertThat(
            SampleRpc.doubled(
                "a", "x RestartInstance restartInstance /restart?\ny\n", "x [^\n]*\n"))
        .isEqualTo(
            """
            x RestartInstance restartInstance /restart?
            x ReloadInstance reloadInstance /reload?
            y
            """);
  }

  @Test
  void aFileWithoutThePartIsAnError() {
    assertThatThrownBy(() -> SampleRpc.doubled("a.txt", "text", "part"))
        .hasMessage("a.txt: must have a part like part");
  }
}
