package dev.chowder.server.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Rejection;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the minimum rate of a body. */
@Timeout(20)
class BodyPipeTest {
  private static final Duration WINDOW = Duration.ofMillis(300);
  private static final ByteString BYTE = ByteString.copyFromUtf8("x");

  private final BodyPipe pipe = new BodyPipe(WINDOW, 1000);
  private final CountDownLatch stop = new CountDownLatch(1);

  @AfterEach
  void stop() {
    stop.countDown();
    pipe.close();
  }

  @Test
  void aTricklingBodyIsAborted() {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (!stop.await(10, TimeUnit.MILLISECONDS)) pipe.put(BYTE);
              } catch (InterruptedException end) {
                Thread.currentThread().interrupt();
              }
            });
    Rejection.of(pipe::readAllBytes).hasReason(Reason.REQUEST_INCOMPLETE).shows(1000);
  }

  @Test
  void aStalledBodyIsAborted() throws InterruptedException {
    pipe.put(ByteString.copyFrom(new byte[5000]));
    var why = catchThrowableOfType(ApiError.class, pipe::readAllBytes);
    assertThat(why.reason()).isEqualTo(Reason.REQUEST_INCOMPLETE);
  }

  @Test
  void aBodyAndItsReaderMayTakeManyWindows() throws Exception {
    var piece = ByteString.copyFrom(new byte[1000]);
    int pieces = 8;
    // Longer than a busy machine may keep the writer waiting.
    var window = Duration.ofSeconds(2);
    var slow = new BodyPipe(window, 1000);
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (int n = 0; n < pieces; n++) {
                  // Each piece takes a third of a window, and all together more than two windows.
                  if (stop.await(window.toMillis() / 3, TimeUnit.MILLISECONDS)) return;
                  slow.put(piece);
                }
                slow.end();
              } catch (InterruptedException end) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(slow.read()).isNotNegative();
    // The disk is slower than a window. Bytes that arrive meanwhile still count as in time.
    assertThat(stop.await(2 * window.toMillis(), TimeUnit.MILLISECONDS)).isFalse();
    assertThat(slow.readAllBytes()).hasSize(pieces * 1000 - 1);
  }
}
