package dev.chowder.cli.http;

import dev.chowder.cli.context.Context;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The API of one server. Repeats calls as {@link Repetition} allows, and turns errors into {@link
 * ApiException}.
 */
public final class Api implements AutoCloseable {
  /** Larger than a page of the largest instances. */
  private static final int MAX_BODY = 32 << 20;

  private static final int MAX_ERROR_BODY = 64 << 10;
  private static final String JSON = "application/json";
  private static final String EVENTS = "text/event-stream";
  private static final String BYTES = "*/*";

  private final Transport transport;
  private final Consumer<String> notices;
  private final Pause pause;

  /** Waits between two tries. */
  interface Pause {
    void sleep(Duration time) throws InterruptedException;
  }

  /**
   * Creates a client.
   *
   * @param notices receives one line for each pause before a repetition
   */
  public Api(Context context, Consumer<String> notices) {
    this(context, notices, Thread::sleep);
  }

  Api(Context context, Consumer<String> notices, Pause pause) {
    this.transport = new Transport(context);
    this.notices = notices;
    this.pause = pause;
  }

  /** Sends a call and returns its response. */
  public Reply send(Call call) {
    var handler =
        HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BODY);
    var body = tryUntilAccepted(call, JSON, handler).body();
    return new Reply(new String(body, StandardCharsets.UTF_8));
  }

  /** Sends a call and returns the events of its response. */
  public EventStream stream(Call call) {
    var body = tryUntilAccepted(call, EVENTS, Api::streamOrError).body();
    return new EventStream((InputStream) body);
  }

  /**
   * Sends a call and copies the bytes of its response. The response may take long, but must not
   * stall.
   */
  public void download(Call call, OutputStream target) throws IOException {
    var body = tryUntilAccepted(call, BYTES, Api::streamOrError).body();
    try (var stream = (InputStream) body;
        var stall = StallLimit.start(stream)) {
      stall.copy(target);
    }
  }

  /** The time limit of a call includes the body of an error, but not a stream. */
  private static HttpResponse.BodySubscriber<Object> streamOrError(HttpResponse.ResponseInfo head) {
    return head.statusCode() / 100 == 2
        ? HttpResponse.BodySubscribers.mapping(
            HttpResponse.BodySubscribers.ofInputStream(), stream -> stream)
        : HttpResponse.BodySubscribers.mapping(
            HttpResponse.BodySubscribers.limiting(
                HttpResponse.BodySubscribers.ofByteArray(), MAX_BODY),
            bytes -> bytes);
  }

  private <T> HttpResponse<T> tryUntilAccepted(
      Call call, String accept, HttpResponse.BodyHandler<T> handler) {
    long deadline = System.nanoTime() + call.limit().toNanos();
    boolean mayBeExecuted = false;
    for (int tries = 1; ; tries++) {
      Trouble trouble;
      try {
        var left = Duration.ofNanos(deadline - System.nanoTime());
        var response = transport.send(call, accept, handler, left);
        if (response.statusCode() / 100 == 2) return response;
        trouble = new Trouble.Rejected(error(response));
      } catch (Transport.TroubleException failed) {
        trouble = failed.trouble();
      }
      var left = Duration.ofNanos(deadline - System.nanoTime());
      var next =
          Repetition.pause(call, trouble, tries, left, ThreadLocalRandom.current().nextDouble());
      if (next.isEmpty()) throw failure(trouble, mayBeExecuted);
      sleep(next.get(), trouble);
      mayBeExecuted |= !isUnexecuted(trouble);
    }
  }

  private static boolean isUnexecuted(Trouble trouble) {
    return switch (trouble) {
      case Trouble.NotSent _ -> true;
      case Trouble.Lost _ -> false;
      case Trouble.Rejected(var error) -> error.isRejectedUnexecuted();
    };
  }

  private void sleep(Duration time, Trouble trouble) {
    // A short pause is not worth a line.
    if (time.compareTo(Duration.ofSeconds(1)) >= 0) {
      notices.accept(
          "chowder: %s; next try in %d s."
              .formatted(failure(trouble, false).getMessage(), time.toSeconds()));
    }
    try {
      pause.sleep(time);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new CommandException(ExitCode.INTERRUPTED, "interrupted", interrupted);
    }
  }

  private CommandException failure(Trouble trouble, boolean mayBeExecuted) {
    return switch (trouble) {
      case Trouble.NotSent(var cause) -> transport.unreachable("it accepts no connections", cause);
      case Trouble.Lost(var cause) -> transport.lost(cause);
      case Trouble.Rejected(var error) -> new ApiException(error, mayBeExecuted);
    };
  }

  private static ApiError error(HttpResponse<?> response) {
    return ApiError.of(response.statusCode(), response.headers(), text(response.body()));
  }

  /** Returns the beginning of the body of an error. */
  private static String text(@Nullable Object body) {
    return body instanceof byte[] bytes
        ? new String(bytes, 0, Math.min(bytes.length, MAX_ERROR_BODY), StandardCharsets.UTF_8)
        : "";
  }

  /**
   * Ends the client. A JVM that exits waits 0.3 s for a thread that waits for the network, so each
   * command calls this before its end.
   */
  @Override
  public void close() {
    transport.close();
  }
}
