package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Runs programs of this host, all of them within one time limit. Input and output go through pipes
 * and not through files, because an agent may have filled the disk. Does not know what the programs
 * do.
 */
final class TimedPrograms {
  private static final Duration AFTER_KILL = Duration.ofSeconds(1);

  private final Duration limit;
  private final long deadline;
  private @Nullable Process hung;

  /** The result of a program. The output includes the errors. */
  record Result(int exitCode, String output) {
    boolean ok() {
      return exitCode == 0;
    }
  }

  /** Starts the time limit. */
  TimedPrograms(Duration limit) {
    this.limit = limit;
    this.deadline = System.nanoTime() + limit.toNanos();
  }

  Duration limit() {
    return limit;
  }

  /** Returns the program that was killed and did not end; null if there is none. */
  @Nullable Process hung() {
    return hung;
  }

  /**
   * Runs a program. If the limit passes or this thread is interrupted, kills it and its children.
   *
   * @throws SandboxException {@code TIMED_OUT} if the limit has passed, {@code INTERRUPTED} if this
   *     thread is interrupted
   */
  Result run(List<String> command, String input) {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException missing) {
      return new Result(127, String.valueOf(missing.getMessage()));
    }
    var output = new CompletableFuture<String>();
    // A platform thread: it waits in the kernel, for a program that cannot be killed forever.
    Thread.ofPlatform()
        .daemon()
        .name("firewall-program")
        .start(() -> output.complete(exchange(process, input)));
    try {
      if (process.waitFor(left(), TimeUnit.NANOSECONDS)) {
        return new Result(process.exitValue(), output.get(left(), TimeUnit.NANOSECONDS).strip());
      }
      throw late(command, null);
    } catch (TimeoutException held) {
      // A child that outlived the program holds its output.
      throw late(command, held);
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new SandboxException(
          Reason.INTERRUPTED, cannot("change the firewall", "the call was interrupted"), stop);
    } finally {
      kill(process);
    }
  }

  private long left() {
    return deadline - System.nanoTime();
  }

  private SandboxException late(List<String> command, @Nullable Exception cause) {
    var message =
        "%s did not end within %d ms".formatted(String.join(" ", command), limit.toMillis());
    return cause == null
        ? new SandboxException(Reason.TIMED_OUT, message)
        : new SandboxException(Reason.TIMED_OUT, message, cause);
  }

  private static String exchange(Process process, String input) {
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException ended) {
      // The program did not read its input. Its output has the reason.
    }
    try (var output = process.getInputStream()) {
      return new String(output.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException broken) {
      return String.valueOf(broken.getMessage());
    }
  }

  private void kill(Process process) {
    if (!process.isAlive()) return;
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      if (!process.waitFor(AFTER_KILL)) hung = process;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
