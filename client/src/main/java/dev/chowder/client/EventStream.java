package dev.chowder.client;

import dev.chowder.client.failure.ClientException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The data of Server-Sent Events. A thread reads ahead by one event, so that the consumer can wait
 * for the next one for a limited time. Names and ids of events are ignored.
 */
public final class EventStream implements AutoCloseable {
  /** More than any event of the API. A longer line ends the stream. */
  static final int MAX_LINE = 16 << 20;

  private static final String DATA = "data:";

  private final InputStream body;
  private final BlockingQueue<Part> parts = new ArrayBlockingQueue<>(1);
  private final Thread reader;

  /** A part that a stream delivers. */
  public sealed interface Part {
    /** One event; the JSON of its data. */
    record Data(String json) implements Part {}

    /**
     * The end of the stream.
     *
     * @param failure absent if the server ended it regularly
     */
    record End(@Nullable IOException failure) implements Part {}
  }

  EventStream(InputStream body) {
    this.body = body;
    this.reader = Thread.ofVirtual().name("events").start(this::read);
  }

  /**
   * Waits for the next part.
   *
   * @param time the longest wait, with a precision of a millisecond
   * @return the part; absent if none arrives within the time, and after the end
   */
  public @Nullable Part poll(Duration time) {
    try {
      return parts.poll(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      throw ClientException.interrupted(interrupted);
    }
  }

  private void read() {
    try {
      parts.put(new Part.End(readEvents()));
    } catch (InterruptedException closed) {
      // The consumer wants no more parts.
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the failure at the end; absent if the stream ended regularly. */
  private @Nullable IOException readEvents() throws InterruptedException {
    try {
      var data = new StringBuilder();
      for (var line = line(); line != null; line = line()) {
        if (line.isEmpty()) {
          if (!data.isEmpty()) parts.put(new Part.Data(data.toString()));
          data.setLength(0);
        } else if (line.startsWith(DATA)) {
          if (!data.isEmpty()) data.append('\n');
          data.append(line, line.startsWith(" ", DATA.length()) ? 6 : 5, line.length());
          if (data.length() > MAX_LINE) throw new IOException("an event is too long");
        }
      }
      if (!data.isEmpty()) parts.put(new Part.Data(data.toString()));
      return null;
    } catch (IOException broken) {
      return broken;
    }
  }

  private final byte[] buffer = new byte[8192];
  private int position;
  private int end;

  /** Returns the next line without its line break; absent at the end. */
  private @Nullable String line() throws IOException {
    var line = new ByteArrayOutputStream();
    while (true) {
      if (position == end) {
        end = body.read(buffer);
        position = 0;
        if (end < 0) {
          end = 0;
          return line.size() == 0 ? null : text(line);
        }
      }
      int from = position;
      while (position < end && buffer[position] != '\n') position++;
      line.write(buffer, from, position - from);
      if (line.size() > MAX_LINE) throw new IOException("a line is too long");
      if (position < end) {
        position++;
        return text(line);
      }
    }
  }

  private static String text(ByteArrayOutputStream line) {
    var text = line.toString(StandardCharsets.UTF_8);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  @Override
  public void close() {
    reader.interrupt();
    try {
      body.close();
    } catch (IOException alreadyBroken) {
      // Nothing more is read.
      return;
    }
  }
}
