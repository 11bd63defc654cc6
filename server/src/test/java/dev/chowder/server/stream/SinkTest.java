package dev.chowder.server.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests what every streaming response has in common. */
@Timeout(30)
class SinkTest {
  private final StubCall<String> caller = new StubCall<>(true);
  private final Sink<String> sink = new Sink<>(caller);
  private final DrainSignal node = new DrainSignal();

  @Test
  void theEndOfTheSourceCompletesTheStream() {
    sink.run("source", () -> sink.send("one"));
    caller.awaitEnd();
    assertThat(caller.messages()).containsExactly("one");
    assertThat(caller.isCompleted()).isTrue();
  }

  @Test
  void anExceptionOfTheSourceFailsTheStream() {
    var why = new IllegalStateException("no source");
    sink.run(
        "source",
        () -> {
          throw why;
        });
    caller.awaitEnd();
    assertThat(caller.failure()).containsSame(why);
  }

  @Test
  void aMessageWaitsUntilTheTransportHasRoom() throws Exception {
    caller.setReady(false);
    var source = start(() -> sink.send("one"));
    awaitBlocked(source);
    assertThat(caller.messages()).isEmpty();
    caller.setReady(true);
    assertThat(end(source)).isNull();
    assertThat(caller.messages()).containsExactly("one");
  }

  @Test
  void aDisconnectEndsASourceThatWaitsForRoom() throws Exception {
    caller.setReady(false);
    var source = start(() -> sink.send("one"));
    awaitBlocked(source);
    caller.cancel();
    assertCancelled(source);
    assertThat(caller.messages()).isEmpty();
  }

  @Test
  void aDisconnectEndsASourceThatWaitsForItsOwnCondition() throws Exception {
    var source = start(() -> sink.await(() -> false));
    awaitBlocked(source);
    caller.cancel();
    assertCancelled(source);
  }

  @Test
  void aCallThatAnotherThreadClosedEndsItsSource() throws Exception {
    var source = start(() -> sink.await(() -> false));
    awaitBlocked(source);
    caller.close();
    assertCancelled(source);
  }

  @Test
  void aDrainFailsTheStreamOnceAndEndsTheSource() {
    var ended = new CountDownLatch(1);
    sink.run(
        "source",
        node,
        () -> ApiError.of(Reason.SERVER_UNAVAILABLE, "draining"),
        () -> {
          try {
            sink.await(() -> false);
          } finally {
            ended.countDown();
          }
        });
    node.begin();
    caller.awaitEnd();
    assertThat(caller.failure().orElseThrow()).hasMessageContaining("draining");
    await(ended);
    sink.complete();
    sink.fail(new IllegalStateException("late"));
    // This also checks that nothing followed the end.
    caller.awaitEnd();
    assertThat(caller.isCompleted()).isFalse();
  }

  @Test
  void aStreamThatStartsOnADrainingNodeFails() {
    node.begin();
    sink.run(
        "source",
        node,
        () -> ApiError.of(Reason.SERVER_UNAVAILABLE, "draining"),
        () -> sink.send("one"));
    caller.awaitEnd();
    assertThat(caller.messages()).isEmpty();
    assertThat(caller.failure()).isPresent();
  }

  @Test
  void aWakeMakesTheSourceCheckItsCondition() throws Exception {
    var holds = new AtomicBoolean();
    var source = start(() -> sink.await(holds::get));
    awaitBlocked(source);
    holds.set(true);
    sink.wake();
    assertThat(end(source)).isNull();
  }

  @Test
  void aWaitEndsAtItsLimit() {
    assertThat(sink.await(() -> false, Duration.ofMillis(1))).isFalse();
    assertThat(sink.await(() -> true, Duration.ZERO)).isTrue();
    caller.setReady(false);
    assertThat(sink.awaitRoomOr(() -> false, Duration.ofMillis(1))).isFalse();
  }

  @Test
  void anInterruptedSourceFailsAsOnANodeThatStops() throws Exception {
    var source = start(() -> sink.await(() -> false));
    awaitBlocked(source);
    source.thread().interrupt();
    var why = end(source);
    assertThat(why).isInstanceOf(ApiError.class);
    assertThat(((ApiError) why).reason()).isEqualTo(Reason.SERVER_UNAVAILABLE);
  }

  @Test
  void noOtherClassSetsTheHandlersOfACall() throws IOException {
    try (var sources = Files.walk(Path.of("src/main/java"))) {
      assertThat(sources.filter(SinkTest::setsHandlers))
          .extracting(file -> file.getFileName().toString())
          .containsExactly("Sink.java");
    }
  }

  private static boolean setsHandlers(Path file) {
    try {
      return Files.isRegularFile(file)
          && Files.readString(file).matches("(?s).*setOn(Ready|Cancel|Close)Handler.*");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Source(Thread thread, CompletableFuture<Throwable> end) {}

  private static Source start(Runnable source) {
    var end = new CompletableFuture<Throwable>();
    var thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    source.run();
                    end.complete(null);
                  } catch (RuntimeException | Error why) {
                    end.complete(why);
                  }
                });
    return new Source(thread, end);
  }

  private static Throwable end(Source source) throws Exception {
    return source.end().get(20, TimeUnit.SECONDS);
  }

  private static void assertCancelled(Source source) {
    Rejection.of(
            () -> {
              throw end(source);
            })
        .hasReason(Reason.CANCELLED);
  }

  private static void awaitBlocked(Source source) {
    StubCall.awaitBlocked(source.thread(), () -> source.end().isDone());
    assertThat(source.end()).isNotDone();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
