package dev.chowder.startup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StartupTest {
  private final List<String> closed = new ArrayList<>();
  private final Startup startup = new Startup();

  @Test
  void partsAreClosedInReverseOrderOnce() throws IOException {
    int one =
        startup.run(
            parts -> {
              part(parts, "a");
              part(parts, "b");
              return 1;
            });
    assertThat(
            startup.<Integer>run(
                parts -> {
                  part(parts, "c");
                  return one + 1;
                }))
        .isEqualTo(2);
    startup.close();
    startup.close();
    assertThat(closed).containsExactly("c", "b", "a");
  }

  @Test
  void aFailedStepClosesWhatItStarted() throws IOException {
    startup.run(
        parts -> {
          part(parts, "a");
          return "";
        });
    assertThatThrownBy(
            () ->
                startup.run(
                    parts -> {
                      part(parts, "b");
                      throw new IOException("port in use");
                    }))
        .hasMessage("port in use");
    startup.close();
    assertThat(closed).containsExactly("b", "a");
  }

  @Test
  void aPartThatFailsToCloseDoesNotKeepTheOthersOpen() {
    part(startup, "a");
    startup.add(
        "b",
        () -> {
          throw new IllegalStateException("busy");
        });
    part(startup, "c");
    startup.close();
    assertThat(closed).containsExactly("c", "a");
  }

  private void part(Startup parts, String name) {
    var _ = parts.add(name, () -> closed.add(name));
  }
}
