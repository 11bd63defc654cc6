package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that streams are complete, in order and never collected in memory. */
@Timeout(120)
class RemoteStreamsTest extends RemoteFixture {
  private static final long BIG = 192L << 20;

  /** More than the buffers of gRPC and of the sockets, and much less than {@link #BIG}. */
  private static final long MAX_BUFFERED = 16L << 20;

  /** More than the windows of one stream and the messages that both sides hold. */
  private static final long MAX_BUFFERED_OF_A_LOG = 512 << 10;

  private static final FilePath FOLDER = FilePath.parse("workspace");

  /** The bytes that the sender of a stream sent, and that its receiver took. */
  private final AtomicLong sent = new AtomicLong();

  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong mostBuffered = new AtomicLong();

  private void send(long bytes) {
    long buffered = sent.addAndGet(bytes) - taken.get();
    mostBuffered.accumulateAndGet(buffered, Math::max);
  }

  @Test
  void aSlowReaderOfALogSlowsItsSource() throws Exception {
    var lines = 200_000;
    var line = "x".repeat(1000);
    serve(
        new TestEngine() {
          @Override
          public AutoCloseable logs(SandboxId id, int last, boolean follow, SandboxLogReader to) {
            var thread =
                Thread.ofVirtual()
                    .start(
                        () -> {
                          for (int i = 0; i < lines; i++) {
                            send(line.length());
                            to.onLine(line + i);
                          }
                          to.onEnd(Optional.empty());
                        });
            return thread::interrupt;
          }
        });
    var reader = new SlowReader(line);
    try (var _ = client().logs(ID, 10, true, reader)) {
      Await.until(() -> sent.get() > 100_000);
      awaitStill();
      assertThat(sent.get()).isLessThan(MAX_BUFFERED_OF_A_LOG);
      reader.release.countDown();
      assertThat(reader.end.get(60, TimeUnit.SECONDS)).isEmpty();
    }
    assertThat(reader.next.get()).isEqualTo(lines);
  }

  /** Waits until the source stops, which a slow reader makes it do. */
  private void awaitStill() {
    var last = new AtomicLong(-1);
    var still = new AtomicInteger();
    Await.until(
        () -> {
          if (last.getAndSet(sent.get()) != sent.get()) still.set(0);
          return still.incrementAndGet() == 10;
        });
  }

  private static final class SlowReader implements SandboxLogReader {
    final CountDownLatch release = new CountDownLatch(1);
    final CompletableFuture<Optional<SandboxException>> end = new CompletableFuture<>();
    private final String line;
    private final AtomicInteger next = new AtomicInteger();

    SlowReader(String line) {
      this.line = line;
    }

    @Override
    public void onLine(String got) {
      try {
        release.await();
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
      }
      if (!got.equals(line + next.getAndIncrement())) throw new AssertionError(got);
    }

    @Override
    public void onEnd(Optional<SandboxException> why) {
      end.complete(why);
    }
  }

  @Test
  void aClosedLogEndsOnceAlsoIfItsReaderWaits() throws Exception {
    var closed = new CountDownLatch(1);
    serve(
        new TestEngine() {
          @Override
          public AutoCloseable logs(SandboxId id, int last, boolean follow, SandboxLogReader to) {
            Thread.ofVirtual().start(() -> to.onLine("x0"));
            return closed::countDown;
          }
        });
    var reader = new SlowReader("x");
    client().logs(ID, 10, true, reader).close();
    assertThat(reader.end.get(20, TimeUnit.SECONDS)).isEmpty();
    assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aLogWhoseServerEndsReportsAnError() throws Exception {
    var server =
        serve(
            new TestEngine() {
              @Override
              public AutoCloseable logs(SandboxId id, int n, boolean follow, SandboxLogReader to) {
                return () -> {};
              }
            });
    var reader = new SlowReader("x");
    try (var _ = client().logs(ID, 10, true, reader)) {
      server.close();
      assertThat(reader.end.get(20, TimeUnit.SECONDS).orElseThrow().reason())
          .isEqualTo(SandboxException.Reason.ENGINE_UNREACHABLE);
    }
  }

  @Test
  void aBigFileIsReadWithLittleMemory() throws Exception {
    serve(new FileEngine());
    var pause = new Semaphore(0);
    var folder = client().homes().folder(ID, FOLDER);
    var thread =
        CompletableFuture.runAsync(
            () ->
                folder.read(
                    FilePath.parse("big"),
                    Long.MAX_VALUE,
                    new HomeFolder.Reader() {
                      private long offset;

                      @Override
                      public HomeFolder.Part begin(HomeFolder.Entry file) {
                        assertThat(file.size()).isEqualTo(BIG);
                        return new HomeFolder.Part(0, Long.MAX_VALUE);
                      }

                      @Override
                      public void content(ByteString bytes) {
                        if (offset == 0) pause.acquireUninterruptibly();
                        requirePattern(bytes, offset);
                        offset += bytes.size();
                        taken.addAndGet(bytes.size());
                      }
                    }));
    Await.until(() -> sent.get() > 0);
    awaitStill();
    pause.release();
    thread.get(90, TimeUnit.SECONDS);
    assertThat(taken.get()).isEqualTo(BIG);
    assertThat(mostBuffered.get()).isBetween(1L, MAX_BUFFERED);
  }

  @Test
  void aBigFileIsWrittenWithLittleMemory() throws Exception {
    var engine = new FileEngine();
    serve(engine);
    var folder = client().homes().folder(ID, FOLDER);
    var thread =
        CompletableFuture.supplyAsync(
            () ->
                folder.write(
                    to -> {
                      for (long offset = 0; offset < BIG; ) {
                        var bytes = pattern(offset);
                        send(bytes.length);
                        to.write(bytes);
                        offset += bytes.length;
                      }
                      return FilePath.parse("big");
                    }));
    Await.until(() -> sent.get() > 0);
    awaitStill();
    engine.pause.release();
    assertThat(thread.get(90, TimeUnit.SECONDS)).isEqualTo(BIG);
    assertThat(taken.get()).isEqualTo(BIG);
    assertThat(mostBuffered.get()).isBetween(1L, MAX_BUFFERED);
  }

  @Test
  void theErrorOfTheEngineEndsAWriteThatIsInProgress() throws Exception {
    serve(
        new FileEngine() {
          @Override
          void beforeWrite() {
            throw FileRefused.noSpace();
          }
        });
    var folder = client().homes().folder(ID, FOLDER);
    assertThatThrownBy(
            () ->
                folder.write(
                    to -> {
                      while (true) to.write(new byte[1000]);
                    }))
        .isInstanceOf(FileRefused.class);
  }

  @Test
  void exceptionsOfTheCallersOwnCodePassThrough() throws Exception {
    var engine = new FileEngine();
    engine.pause.release();
    serve(engine);
    var folder = client().homes().folder(ID, FOLDER);
    var own = new IllegalStateException("own");
    assertThatThrownBy(
            () ->
                folder.write(
                    to -> {
                      to.write(pattern(0));
                      Await.until(() -> taken.get() > 0);
                      throw own;
                    }))
        .isSameAs(own);
    assertThat(engine.written.get(20, TimeUnit.SECONDS)).isFalse();
    assertThatThrownBy(
            () ->
                folder.readTree(
                    new HomeFolder.Tree() {
                      @Override
                      public void entry(HomeFolder.Entry entry) throws IOException {
                        throw new IOException("own");
                      }

                      @Override
                      public void content(ByteString bytes) {}
                    }))
        .isInstanceOf(UncheckedIOException.class);
  }

  private static byte[] pattern(long offset) {
    var bytes = new byte[100_000];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) ((offset + i) % 251);
    return offset + bytes.length > BIG ? Arrays.copyOf(bytes, (int) (BIG - offset)) : bytes;
  }

  private static void requirePattern(ByteString bytes, long offset) {
    for (int i = 0; i < bytes.size(); i++) {
      if (bytes.byteAt(i) != (byte) ((offset + i) % 251)) {
        throw new AssertionError("byte " + (offset + i));
      }
    }
  }

  /** An engine with one big file, whose bytes follow a pattern. */
  private class FileEngine extends TestEngine {
    final Semaphore pause = new Semaphore(0);

    /** Whether the content of the written file was complete. */
    final CompletableFuture<Boolean> written = new CompletableFuture<>();

    void beforeWrite() {}

    @Override
    public SandboxHomes homes() {
      return new SandboxHomes() {
        @Override
        public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files) {
          throw new UnsupportedOperationException();
        }

        @Override
        public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
          throw new UnsupportedOperationException();
        }

        @Override
        public Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
          throw new UnsupportedOperationException();
        }

        @Override
        public HomeFolder folder(SandboxId id, FilePath folder) {
          return bigFile();
        }
      };
    }

    private HomeFolder bigFile() {
      return (HomeFolder)
          Proxy.newProxyInstance(
              HomeFolder.class.getClassLoader(),
              new Class<?>[] {HomeFolder.class},
              (_, verb, arguments) ->
                  switch (verb.getName()) {
                    case "read" -> {
                      read((HomeFolder.Reader) arguments[2]);
                      yield null;
                    }
                    case "write" -> write((HomeFolder.Content) arguments[0]);
                    case "readTree" -> {
                      ((HomeFolder.Tree) arguments[0]).entry(entry());
                      yield new HomeFolder.Count(1, 0, 0);
                    }
                    default -> throw new UnsupportedOperationException(verb.getName());
                  });
    }

    private HomeFolder.Entry entry() {
      return new HomeFolder.Entry(
          FilePath.parse("big"), HomeFolder.Kind.FILE, BIG, Instant.EPOCH, 0644);
    }

    private void read(HomeFolder.Reader reader) throws IOException {
      reader.begin(entry());
      for (long offset = 0; offset < BIG; ) {
        var bytes = ByteString.copyFrom(pattern(offset));
        send(bytes.size());
        reader.content(bytes);
        offset += bytes.size();
      }
    }

    private long write(HomeFolder.Content content) throws IOException {
      beforeWrite();
      var to =
          new OutputStream() {
            private long offset;

            @Override
            public void write(int b) {
              throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
              if (offset == 0) pause.acquireUninterruptibly();
              requirePattern(ByteString.copyFrom(bytes, from, length), offset);
              offset += length;
              taken.addAndGet(length);
            }
          };
      var complete = false;
      try {
        content.writeTo(to);
        complete = true;
      } finally {
        written.complete(complete);
      }
      return to.offset;
    }
  }
}
