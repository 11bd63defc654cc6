package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxId;
import java.io.EOFException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends the events of a simulated engine to its watchers. In a folder that several processes share,
 * they also go through a file to the watchers of the others. A full file starts again from nothing,
 * so that a process that does not read for long misses some, as the contract permits.
 */
final class FakeEvents implements AutoCloseable {
  private static final long MAX_BYTES = 1 << 20;

  /** Time between two checks for events of other processes. */
  private static final long CHECK_MILLIS = 50;

  /** The kind of a change that only other processes of the folder must know. */
  private static final String CHANGED = "";

  private final List<Consumer<SandboxEvent>> watchers = new CopyOnWriteArrayList<>();

  /** The name of this engine in the file. */
  private final String self = UUID.randomUUID().toString();

  private final Consumer<SandboxId> onChange;
  private final @Nullable Path path;
  private final Thread reader = Thread.ofVirtual().name("fake-events").unstarted(this::readAll);
  private long position;

  /**
   * Creates events.
   *
   * @param path the file of a shared folder; empty if no other process has these sandboxes
   * @param onChange receives the sandboxes that another process changed
   */
  FakeEvents(Optional<Path> path, Consumer<SandboxId> onChange) {
    this.path = path.orElse(null);
    this.onChange = onChange;
  }

  /** Starts to read the events of other processes. */
  void open() {
    if (path == null) return;
    position = path.toFile().length();
    reader.start();
  }

  AutoCloseable to(Consumer<SandboxEvent> watcher) {
    watchers.add(watcher);
    return () -> watchers.remove(watcher);
  }

  void send(SandboxId id, String what) {
    deliver(id, what);
    write(id, what);
  }

  /** Notifies the other processes of the folder of a changed sandbox. Watchers receive no event. */
  void changed(SandboxId id) {
    write(id, CHANGED);
  }

  private void deliver(SandboxId id, String what) {
    var event = new SandboxEvent(id, what);
    for (Consumer<SandboxEvent> watcher : watchers) {
      Thread.ofVirtual().name("fake-event").start(() -> watcher.accept(event));
    }
  }

  private void write(SandboxId id, String what) {
    if (path == null) return;
    var file = path.toFile();
    // An interrupt does not end this write.
    try (var out = new FileOutputStream(file, file.length() <= MAX_BYTES)) {
      // One call, so that lines of two processes do not mix.
      out.write((self + "\t" + id + "\t" + what + "\n").getBytes(UTF_8));
    } catch (FileNotFoundException removed) {
      // Tests remove the folder before they close its engines.
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void readAll() {
    if (path == null) return;
    var file = path.toFile();
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Thread.sleep(CHECK_MILLIS);
        if (file.length() < position) position = 0;
        if (file.length() > position) read(file);
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Delivers the complete lines after the position. Starts again if the file is emptied meanwhile.
   */
  private void read(File file) {
    try (var open = new RandomAccessFile(file, "r")) {
      open.seek(position);
      var bytes = new byte[(int) Math.max(0, open.length() - position)];
      open.readFully(bytes);
      var text = new String(bytes, UTF_8);
      var lines = text.substring(0, text.lastIndexOf('\n') + 1);
      for (var line : lines.split("\n", -1)) receive(line.split("\t", -1));
      position += lines.getBytes(UTF_8).length;
    } catch (EOFException emptied) {
      position = 0;
    } catch (IOException _) {
      // The next check reads again.
    }
  }

  /** Ignores the rest of a line whose start is gone. */
  private void receive(String[] parts) {
    if (parts.length != 3 || parts[0].equals(self)) return;
    var id = new SandboxId(parts[1]);
    onChange.accept(id);
    if (!parts[2].equals(CHANGED)) deliver(id, parts[2]);
  }

  @Override
  public void close() {
    reader.interrupt();
  }
}
