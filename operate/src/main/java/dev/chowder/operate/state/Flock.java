package dev.chowder.operate.state;

import static dev.chowder.base.ErrorText.cannot;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * An exclusive lock of a file, which scripts take with flock(1). It calls flock(2), because the
 * locks of Java's {@code FileChannel} are those of fcntl(2), which Linux does not compare with
 * those of flock(2). The lock ends with the process at the latest, and other programs that the
 * process starts do not get it.
 */
@SuppressWarnings("restricted") // The JVM's option --enable-native-access permits this.
public final class Flock implements AutoCloseable {
  /** O_WRONLY, O_CREAT and O_CLOEXEC, which have these values on x86-64 and AArch64. */
  private static final int FOR_WRITING = 0x1 | 0x40 | 0x80000;

  private static final int MODE = 0600;

  /** LOCK_EX and LOCK_NB. */
  private static final int EXCLUSIVE_WITHOUT_WAITING = 2 | 4;

  /** EWOULDBLOCK: another process has the lock. */
  private static final int IS_TAKEN = 11;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle OPEN =
      call(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle FLOCK =
      call("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle CLOSE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private final Path path;
  private final int file;

  private Flock(Path path, int file) {
    this.path = path;
    this.file = file;
  }

  /**
   * Takes the lock, and waits for it at most this long; empty if another process still has it.
   *
   * @throws IOException if the file cannot be opened or locked
   */
  public static Optional<Flock> take(Path path, Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    var lock = tryTake(path);
    while (lock.isEmpty() && System.nanoTime() < deadline) {
      Poll.pause();
      lock = tryTake(path);
    }
    return lock;
  }

  /**
   * Takes the lock if no other process has it. Does not wait.
   *
   * @param path the file, which is created if it does not exist. Only its owner can read it
   * @throws IOException if the file cannot be opened or locked
   */
  public static Optional<Flock> tryTake(Path path) throws IOException {
    var lock = new Flock(path, open(path));
    try {
      if (lock.isTaken() && lock.isOfPath()) return Optional.of(lock);
    } catch (IOException | RuntimeException failed) {
      lock.close();
      throw failed;
    }
    lock.close();
    return Optional.empty();
  }

  @Override
  public void close() {
    try {
      var _ = (int) CLOSE.invokeExact(file);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  private static int open(Path path) throws IOException {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(Linker.Option.captureStateLayout());
      int file =
          (int) OPEN.invokeExact(errno, arena.allocateFrom(path.toString()), FOR_WRITING, MODE);
      if (file < 0) throw unusable(path, errno);
      return file;
    } catch (IOException unusable) {
      throw unusable;
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** Returns whether this process has the lock now. */
  private boolean isTaken() throws IOException {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(Linker.Option.captureStateLayout());
      int result = (int) FLOCK.invokeExact(errno, file, EXCLUSIVE_WITHOUT_WAITING);
      if (result == 0) return true;
      if (errno.get(JAVA_INT, 0) == IS_TAKEN) return false;
      throw unusable(path, errno);
    } catch (IOException unusable) {
      throw unusable;
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** The last holder may have removed the file, and others lock the new file at its path. */
  private boolean isOfPath() throws IOException {
    try {
      return Files.isSameFile(path, Path.of("/proc/self/fd", String.valueOf(file)));
    } catch (NoSuchFileException removed) {
      return false;
    }
  }

  private static IOException unusable(Path path, MemorySegment errno) {
    return new IOException(
        cannot("lock " + path, "error " + errno.get(JAVA_INT, 0) + " of the system"));
  }

  private static RuntimeException unexpected(Throwable impossible) {
    if (impossible instanceof Error fatal) throw fatal;
    return new IllegalStateException(impossible);
  }

  private static MethodHandle call(
      String name, FunctionDescriptor function, Linker.Option... options) {
    var all = new Linker.Option[options.length + 1];
    System.arraycopy(options, 0, all, 0, options.length);
    all[options.length] = Linker.Option.captureCallState("errno");
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), function, all);
  }
}
