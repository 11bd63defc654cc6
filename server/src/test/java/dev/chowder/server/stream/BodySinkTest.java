package dev.chowder.server.stream;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the responses whose messages are the pieces of one body. */
@Timeout(30)
class BodySinkTest {
  private static final Duration NEVER = Duration.ofHours(1);

  private final StubCall<HttpBody> caller = new StubCall<>(true);

  @Test
  void theFirstPieceHasTheTypeOfTheBody() {
    var body = new BodySink(caller, NEVER);
    body.run(
        "source",
        () -> {
          body.type("text/plain");
          body.send(ByteString.copyFromUtf8("one"));
          body.send(ByteString.copyFromUtf8("two"));
        });
    caller.awaitEnd();
    assertThat(caller.messages())
        .extracting(HttpBody::getContentType)
        .containsExactly("text/plain", "");
    assertThat(caller.isCompleted()).isTrue();
  }

  @Test
  void anEmptyBodyHasAType() {
    var body = new BodySink(caller, NEVER);
    body.run("source", () -> body.type("text/plain"));
    caller.awaitEnd();
    assertThat(caller.messages())
        .containsExactly(HttpBody.newBuilder().setContentType("text/plain").build());
  }

  @Test
  void aCallerThatReadsNothingFailsTheStream() {
    caller.setReady(false);
    var body = new BodySink(caller, Duration.ofMillis(10));
    body.run("source", () -> body.send(ByteString.copyFromUtf8("one")));
    caller.awaitEnd();
    assertThat(((ApiError) caller.failure().orElseThrow()).reason())
        .isEqualTo(Reason.NO_ANSWER_IN_TIME);
    assertThat(caller.messages()).isEmpty();
  }

  @Test
  void theLastPieceNeedsNoRoom() {
    var body = new BodySink(caller, NEVER);
    body.run(
        "source",
        () -> {
          body.send(ByteString.copyFromUtf8("one"));
          caller.setReady(false);
          body.completeWith(ByteString.copyFromUtf8("last"));
        });
    caller.awaitEnd();
    assertThat(caller.messages())
        .extracting(piece -> piece.getData().toStringUtf8())
        .containsExactly("one", "last");
    assertThat(caller.isCompleted()).isTrue();
  }

  @Test
  void theEndOfTheSourceIsNotDelayedByACallerThatReadsNothing() {
    var body = new BodySink(caller, NEVER);
    var complete = new AtomicBoolean();
    body.run(
        "source",
        () -> {
          body.send(ByteString.copyFromUtf8("all"));
          caller.setReady(false);
          body.awaitRoomOr(complete::get);
        });
    caller.awaitMessages(1);
    complete.set(true);
    body.wake();
    caller.awaitEnd();
    assertThat(caller.isCompleted()).isTrue();
  }

  @Test
  void aFailureOfABodyThatHasBegunFailsAGrpcCall() {
    var body = BodySink.resettable(caller, NEVER);
    var why = new IllegalStateException("no more");
    body.run(
        "source",
        () -> {
          body.send(ByteString.copyFromUtf8("one"));
          throw why;
        });
    caller.awaitEnd();
    assertThat(caller.messages()).hasSize(1);
    assertThat(caller.failure()).containsSame(why);
  }
}
