package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs {@code files.cjs} once and exchanges frames with it. Each side buffers a few frames only, so
 * a slow side slows the other. If this is closed early, the program reads the end of its input and
 * changes nothing. Does not know the requests.
 */
final class FileProgram implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FileProgram.class);

  /** Limit in both directions. The program's own frames are shorter. */
  static final int LONGEST_FRAME = 1 << 20;

  private static final int FRAMES_WAITING = 8;
  private static final int HEAD = 5;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Runs the program as the owner of the home, which a boot may change, but never as root, which
   * owns a home that an operator restored by hand and no boot changed yet. Node gets the
   * container's capability to change its user, and loses it with the change.
   */
  private static final List<String> COMMAND =
      List.of(
          "sh",
          "-c",
          "exec setpriv --reuid=\"$(stat -c %u /home/node | sed 's/^0$/1000/')\" --regid=1000 --clear-groups node -e \"$1\"",
          "sh",
          source());

  private static final byte[] NOTHING = {};

  private final DockerApi engine;
  private final Duration timeout;
  private final String what;
  private final Input input = new Input();
  private final BlockingQueue<FromProgram> output = new ArrayBlockingQueue<>(FRAMES_WAITING);
  private final Tail errors = new Tail(4096);
  private byte[] part = NOTHING;
  private @Nullable DockerStream<Frame> stream;
  private volatile boolean closed;

  /** A frame from the program, or a mark that no more will follow. */
  record FromProgram(char kind, ByteString bytes) {
    private static final char READY = 'R';
    private static final char GONE = 0;

    JsonNode json() {
      try {
        return JSON.readTree(bytes.newInput());
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }

  private FileProgram(DockerApi engine, Duration timeout, String what) {
    this.engine = engine;
    this.timeout = timeout;
    this.what = what;
  }

  /**
   * Starts the program in that container.
   *
   * @param timeout maximum time without progress in either direction
   */
  static FileProgram run(DockerApi engine, String container, Duration timeout) {
    var program = new FileProgram(engine, timeout, "access files in container " + container);
    program.start(container);
    return program;
  }

  private void start(String container) {
    String exec =
        engine.call(
            what,
            docker ->
                docker
                    .execCreateCmd(container)
                    .withAttachStdin(true)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .withCmd(COMMAND.toArray(String[]::new))
                    .exec()
                    .getId());
    stream =
        engine.stream(
            what,
            new DockerStream<Frame>(this::receive, _ -> end()),
            (docker, frames) -> docker.execStartCmd(exec).withStdIn(input).exec(frames));
    try {
      // If the stream were closed before, the client's thread would log that its connection is
      // gone.
      if (!input.begun.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        close();
        throw timedOut();
      }
      var first = output.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (first == null || first.kind() != FromProgram.READY) {
        close();
        throw first == null ? timedOut() : notStarted();
      }
    } catch (InterruptedException stop) {
      close();
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted(what, stop);
    }
  }

  /** Receives output on the client's thread, which waits while the queue is full. */
  private void receive(Frame frame) {
    if (frame.getStreamType() == StreamType.STDERR) {
      errors.add(frame.getPayload());
      return;
    }
    byte[] payload = frame.getPayload();
    byte[] all = payload;
    if (part.length > 0) {
      all = new byte[part.length + payload.length];
      System.arraycopy(part, 0, all, 0, part.length);
      System.arraycopy(payload, 0, all, part.length, payload.length);
    }
    int from = 0;
    while (all.length - from >= HEAD) {
      int length = ByteBuffer.wrap(all, from + 1, 4).getInt();
      if (length < 0 || length > LONGEST_FRAME) {
        // The engine's own message, if it could not run the program.
        throw new IllegalStateException("not a frame: " + new String(all, from, HEAD, UTF_8));
      }
      if (all.length - from - HEAD < length) break;
      put(new FromProgram((char) all[from], ByteString.copyFrom(all, from + HEAD, length)));
      from += HEAD + length;
    }
    part = new byte[all.length - from];
    System.arraycopy(all, from, part, 0, part.length);
  }

  private void put(FromProgram frame) {
    try {
      if (!closed) output.put(frame);
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private void end() {
    put(new FromProgram(FromProgram.GONE, ByteString.EMPTY));
    input.end();
  }

  /** Returns the next frame. Fails after the timeout. */
  FromProgram next() {
    try {
      var frame = output.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (frame == null) throw timedOut();
      if (frame.kind() == FromProgram.GONE) throw ended();
      return frame;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted(what, stop);
    }
  }

  void send(char kind, Object json) {
    try {
      send(kind, ByteString.copyFrom(JSON.writeValueAsBytes(json)));
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Sends a frame. Waits while the program is slow, at most for the timeout. */
  void send(char kind, ByteString bytes) {
    var frame = ByteBuffer.allocate(HEAD + bytes.size());
    frame.put((byte) kind).putInt(bytes.size());
    bytes.copyTo(frame);
    try {
      if (!input.offer(frame.array(), timeout)) throw timedOut();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw DockerErrors.interrupted(what, stop);
    }
  }

  /**
   * Returns the program's next frame without waiting; null if there is none. The program may have
   * rejected content that is still being sent.
   */
  @Nullable FromProgram peek() {
    var frame = output.peek();
    return frame == null || frame.kind() == FromProgram.GONE ? null : frame;
  }

  private SandboxException timedOut() {
    return new SandboxException(
        Reason.TIMED_OUT,
        cannot(what, "no data was transferred for " + timeout.toSeconds() + " s"));
  }

  /**
   * Returns the error for a container that just ended or is not usable. The caller tries another
   * one.
   */
  private SandboxException notStarted() {
    return SandboxException.notFound(what, "the container is not running");
  }

  private SandboxException ended() {
    var running = stream;
    if (running != null && running.why().isPresent()) {
      return engine.translate(what, running.why().get());
    }
    log.warn("{}: the program ended without a response: {}", what, errors.text().strip());
    return new SandboxException(
        Reason.REFUSED, cannot(what, "the program ended without a response"));
  }

  @Override
  public void close() {
    closed = true;
    input.end();
    // A thread that waits to add a frame continues, and drops the frame.
    output.clear();
    var running = stream;
    if (running != null) running.close();
  }

  private static String source() {
    try (var file = FileProgram.class.getResourceAsStream("files.cjs")) {
      if (file == null) throw new IllegalStateException("files.cjs is not in this build");
      return new String(file.readAllBytes(), UTF_8);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** The program's input, which the client reads on its own thread. */
  private static final class Input extends InputStream {
    private final BlockingQueue<byte[]> waiting = new ArrayBlockingQueue<>(FRAMES_WAITING);
    private ByteBuffer now = ByteBuffer.wrap(NOTHING);
    private final CountDownLatch begun = new CountDownLatch(1);
    private volatile boolean ended;

    boolean offer(byte[] bytes, Duration timeout) throws InterruptedException {
      // Data for a program that has ended is dropped. Its last frame has the reason.
      return ended || waiting.offer(bytes, timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    void end() {
      ended = true;
      begun.countDown();
      waiting.clear();
      waiting.offer(NOTHING);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      begun.countDown();
      try {
        if (!now.hasRemaining()) {
          if (ended) return -1;
          now = ByteBuffer.wrap(waiting.take());
          if (ended || !now.hasRemaining()) return -1;
        }
      } catch (InterruptedException end) {
        Thread.currentThread().interrupt();
        return -1;
      }
      int taken = Math.min(length, now.remaining());
      now.get(into, from, taken);
      return taken;
    }
  }
}
