package dev.chowder.sandbox.docker;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Calls the Linux kernel. The numbers of these calls are the same on all architectures. Does not
 * know what they are used for.
 */
@SuppressWarnings("restricted") // The JVM's option --enable-native-access permits this.
final class SystemCalls {
  static final int EPERM = 1;
  static final int ESRCH = 3;
  static final int ENOMEM = 12;
  static final int ENOSYS = 38;

  private static final long PIDFD_OPEN = 434;
  private static final long PROCESS_MADVISE = 440;
  private static final long MADV_WILLNEED = 3;

  private final MethodHandle syscall;
  private final MethodHandle close;

  SystemCalls() {
    Linker linker = Linker.nativeLinker();
    this.syscall =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1),
            Linker.Option.captureCallState("errno"));
    this.close =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  }

  /**
   * Reads the pages of a range of another process's memory that are in swap, and returns when they
   * were requested. Works on a frozen process.
   *
   * @return 0, or the number of the error
   */
  int readAhead(long pid, long address, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
      MemorySegment range = arena.allocate(JAVA_LONG, 2);
      range.setAtIndex(JAVA_LONG, 0, address);
      range.setAtIndex(JAVA_LONG, 1, bytes);
      long process = (long) syscall.invokeExact(errno, PIDFD_OPEN, pid, 0L, 0L, 0L, 0L);
      if (process < 0) return errno.get(JAVA_INT, 0);
      try {
        long done =
            (long)
                syscall.invokeExact(
                    errno, PROCESS_MADVISE, process, range.address(), 1L, MADV_WILLNEED, 0L);
        return done < 0 ? errno.get(JAVA_INT, 0) : 0;
      } finally {
        var _ = (int) close.invokeExact((int) process);
      }
    } catch (Error fatal) {
      throw fatal;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
