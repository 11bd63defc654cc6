package dev.chowder.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StallLimitTest {
  @Test
  void allBytesAreCopied() throws IOException {
    var target = new ByteArrayOutputStream();
    try (var stall = StallLimit.start(new ByteArrayInputStream(new byte[200_000]))) {
      stall.copy(target);
    }
    assertThat(target.size()).isEqualTo(200_000);
  }

  @Test
  void aDownloadThatStallsEnds() {
    try (var stall = StallLimit.start(new Stalled(), Duration.ofMillis(50))) {
      assertThatExceptionOfType(ClientException.class)
          .isThrownBy(() -> stall.copy(new ByteArrayOutputStream()))
          .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.TIMED_OUT));
    }
  }

  /** Has no byte until it is closed. */
  private static final class Stalled extends InputStream {
    private final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public int read() throws IOException {
      try {
        closed.await();
      } catch (InterruptedException unexpected) {
        Thread.currentThread().interrupt();
      }
      throw new IOException("closed");
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return read();
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }
}
