package dev.chowder.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.client.EventStream.Part;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EventStreamTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @Test
  void eventsAreSeparatedByEmptyLines() {
    try (var stream = stream("data: {\"a\":1}\n\nevent: x\nid: 7\ndata:{}\n\n: comment\n\n")) {
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("{\"a\":1}"));
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("{}"));
      assertThat(stream.poll(LONG)).isEqualTo(new Part.End(null));
      assertThat(stream.poll(Duration.ZERO)).isNull();
    }
  }

  @Test
  void severalLinesOfDataAreOneEvent() {
    try (var stream = stream("data: [1,\r\ndata: 2]\r\n\r\n")) {
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("[1,\n2]"));
    }
  }

  @Test
  void anEventAtTheEndNeedsNoEmptyLine() {
    try (var stream = stream("data: 1")) {
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("1"));
      assertThat(stream.poll(LONG)).isEqualTo(new Part.End(null));
    }
  }

  @Test
  void charactersMayBeSplitBetweenReads() {
    try (var stream = new EventStream(slowly("data: ä猫🚀\n\n"))) {
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("ä猫🚀"));
    }
  }

  @Test
  void aWaitForASilentStreamEnds() throws IOException {
    try (var silent = new PipedOutputStream();
        var stream = new EventStream(new PipedInputStream(silent))) {
      assertThat(stream.poll(Duration.ofMillis(10))).isNull();
    }
  }

  @Test
  void aLineThatIsTooLongEndsTheStream() {
    var bytes = new byte[EventStream.MAX_LINE + 10];
    Arrays.fill(bytes, (byte) 'x');
    try (var stream = new EventStream(new ByteArrayInputStream(bytes))) {
      assertThat(stream.poll(LONG)).isInstanceOf(Part.End.class);
    }
  }

  @Test
  void anEventWithTooManyLinesEndsTheStream() {
    var line = "data: " + "x".repeat(1 << 20) + "\n";
    try (var stream = stream(line.repeat(17))) {
      assertThat(stream.poll(LONG))
          .isInstanceOfSatisfying(
              Part.End.class, end -> assertThat(end.failure()).hasMessageContaining("too long"));
    }
  }

  @Test
  void aBrokenConnectionIsReportedAfterItsEvents() {
    var end =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("reset");
          }

          @Override
          public int read(byte[] buffer, int offset, int length) throws IOException {
            throw new IOException("reset");
          }
        };
    var broken = new SequenceInputStream(bytes("data: 1\n\n"), end);
    try (var stream = new EventStream(broken)) {
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("1"));
      assertThat(stream.poll(LONG))
          .isInstanceOfSatisfying(
              Part.End.class, part -> assertThat(part.failure()).hasMessage("reset"));
    }
  }

  private static EventStream stream(String text) {
    return new EventStream(bytes(text));
  }

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Returns a stream that delivers one byte at a time. */
  private static InputStream slowly(String text) {
    var bytes = bytes(text);
    return new InputStream() {
      @Override
      public int read() throws IOException {
        return bytes.read();
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        return bytes.read(buffer, offset, Math.min(1, length));
      }
    };
  }
}
