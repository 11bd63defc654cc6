package dev.chowder.checks.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StepsTest {
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final Steps steps =
      new Steps(
          new PrintStream(output, true, StandardCharsets.UTF_8), () -> "7", () -> "the context");

  private StepReport report() {
    return StepReport.of(output.toString(StandardCharsets.UTF_8));
  }

  @Test
  void stepsThatPassAreReported() {
    steps.step("one is one", () -> Expect.equal(1, 1));
    steps.note("2 MiB");
    steps.end();
    assertThat(report().lines())
        .containsExactly("passed after 7 s: one is one", "  2 MiB", "all passed");
    assertThat(report().passed()).isTrue();
  }

  @Test
  void aStepThatFailsIsReportedWithItsContext() {
    assertThatThrownBy(() -> steps.step("one is two", () -> Expect.equal(1, 2)))
        .isInstanceOf(AssertionError.class);
    assertThat(report().lines().getFirst())
        .startsWith("FAILED: one is two")
        .contains("got '1' instead of '2'");
    assertThat(output.toString(StandardCharsets.UTF_8)).contains("the context");
  }

  @Test
  void aReportWithAFailureOrWithoutItsEndDidNotPass() {
    assertThat(StepReport.of("").passed()).isFalse();
    assertThat(StepReport.of("check: passed after 1 s: one\n").passed()).isFalse();
    assertThat(StepReport.of("check: FAILED: one\ncheck: all passed\n").passed()).isFalse();
    assertThat(StepReport.of("Linux\r\n\u001bcheck: all passed\r\n").passed()).isTrue();
  }

  @Test
  void eachAssertionFindsItsViolation() {
    assertThatThrownBy(() -> Expect.contains("text", "part")).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> Expect.between(1, 2, 3)).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> Expect.between(4, 2, 3)).isInstanceOf(AssertionError.class);
    assertThatCode(() -> Expect.between(3, 2, 3)).doesNotThrowAnyException();
  }

  @Test
  void aWaitEndsWithTheLastFailure() {
    assertThatThrownBy(
            () ->
                Wait.until(
                    Duration.ZERO,
                    "it answers",
                    () -> {
                      throw new IOException("refused");
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("it answers")
        .hasMessageContaining("refused");
  }

  @Test
  void aWaitPollsUntilItsConditionHolds() {
    var calls = new int[1];
    assertThatCode(() -> Wait.until(Duration.ofSeconds(20), "twice", () -> ++calls[0] == 2))
        .doesNotThrowAnyException();
  }
}
