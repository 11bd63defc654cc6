package dev.chowder.admin.installation;

import static dev.chowder.base.ErrorText.cannot;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The lock of a state directory, {@code up.lock}, which scripts take with flock(1). It calls
 * flock(2), because the locks of Java's {@code FileChannel} are those of fcntl(2), which Linux does
 * not compare with those of flock(2). The lock ends with the process at the latest.
 */
@SuppressWarnings("restricted") // The JVM's option --enable-native-access permits this.
public final class UpLock implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(100);

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

  private final int file;

  private UpLock(int file) {
    this.file = file;
  }

  /**
   * Takes the lock of a state directory, which must exist.
   *
   * @throws CommandException if another process has had it for 5 s
   */
  public static UpLock take(Path home) {
    return take(home, LIMIT);
  }

  static UpLock take(Path home, Duration limit) {
    var path = home.resolve("up.lock");
    var lock = new UpLock(open(path));
    try {
      long deadline = System.nanoTime() + limit.toNanos();
      while (!lock.isTaken(path)) {
        if (System.nanoTime() > deadline) {
          throw new CommandException(
              ExitCode.CONFLICT,
              "another command is running for %s: wait until it has finished".formatted(home));
        }
        Thread.sleep(PAUSE);
      }
      return lock;
    } catch (InterruptedException interrupted) {
      lock.close();
      Thread.currentThread().interrupt();
      throw new CommandException(ExitCode.INTERRUPTED, "interrupted", interrupted);
    } catch (RuntimeException failed) {
      lock.close();
      throw failed;
    }
  }

  @Override
  public void close() {
    try {
      var _ = (int) CLOSE.invokeExact(file);
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  private static int open(Path path) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(Linker.Option.captureStateLayout());
      int file =
          (int) OPEN.invokeExact(errno, arena.allocateFrom(path.toString()), FOR_WRITING, MODE);
      if (file < 0) throw unusable(path, errno);
      return file;
    } catch (CommandException unusable) {
      throw unusable;
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  /** Returns whether this process has the lock now. */
  private boolean isTaken(Path path) {
    try (var arena = Arena.ofConfined()) {
      var errno = arena.allocate(Linker.Option.captureStateLayout());
      int result = (int) FLOCK.invokeExact(errno, file, EXCLUSIVE_WITHOUT_WAITING);
      if (result == 0) return true;
      if (errno.get(JAVA_INT, 0) == IS_TAKEN) return false;
      throw unusable(path, errno);
    } catch (CommandException unusable) {
      throw unusable;
    } catch (Throwable impossible) {
      throw unexpected(impossible);
    }
  }

  private static CommandException unusable(Path path, MemorySegment errno) {
    return new CommandException(
        ExitCode.USAGE,
        cannot(
            "lock " + path,
            "error " + errno.get(JAVA_INT, 0) + " of the system",
            "run this as the user of the installation"));
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
