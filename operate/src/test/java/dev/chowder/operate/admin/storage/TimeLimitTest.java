package dev.chowder.operate.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.Ran;
import dev.chowder.operate.command.Invocation;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TimeLimitTest {
  @Test
  void aCommandWithoutAnEndFails() {
    var never = new CountDownLatch(1);
    assertThatThrownBy(
            () ->
                TimeLimit.run(
                    with("1"),
                    () -> {
                      try {
                        never.await();
                      } catch (InterruptedException ending) {
                        Thread.currentThread().interrupt();
                      }
                    }))
        .isInstanceOfSatisfying(
            CommandException.class,
            failure -> assertThat(failure.code()).isEqualTo(ExitCode.TIMED_OUT))
        .hasMessageContaining("within 1 s; raise the limit with CHOWDER_STORAGE_SECONDS");
    never.countDown();
  }

  @Test
  void theWorkAndItsFailureAreThoseOfTheCaller() {
    var done = new AtomicBoolean();
    TimeLimit.run(with(""), () -> done.set(true));
    assertThat(done).isTrue();
    assertThatThrownBy(
            () ->
                TimeLimit.run(
                    with("5"),
                    () -> {
                      throw new IllegalArgumentException("wrong");
                    }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("wrong");
  }

  @Test
  void aWrongLimitIsAnError() {
    assertThatThrownBy(() -> TimeLimit.run(with("soon"), () -> {}))
        .hasMessageContaining("CHOWDER_STORAGE_SECONDS: must be a number from 0 to");
    assertThatThrownBy(() -> TimeLimit.run(with("0"), () -> {}))
        .hasMessage("CHOWDER_STORAGE_SECONDS: must be at least 1; got 0");
  }

  private static Invocation with(String seconds) {
    var variables = Map.of("CHOWDER_STORAGE_SECONDS", seconds);
    return Ran.invocation(Environment.silent(variables), Map.of());
  }
}
