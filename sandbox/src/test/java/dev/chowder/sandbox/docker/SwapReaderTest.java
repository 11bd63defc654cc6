package dev.chowder.sandbox.docker;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads plain files that have the form of {@code /proc/PID/maps}, and calls no kernel. */
@Timeout(60)
class SwapReaderTest {
  private static final int EMFILE = 24;
  private static final long CHUNK = SwapReader.CHUNK;
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;

  @TempDir private Path processes;
  private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();

  private record Call(long pid, long from, long bytes) {}

  @Test
  void onlyWritableAnonymousMemoryIsRead() throws Exception {
    maps(
        7,
        mapping(CHUNK, CHUNK, "r--p 00000000 00:00 0"),
        mapping(2 * CHUNK, CHUNK, "rw-p 00001000 fe:01 4711 /caf\u00e9"),
        mapping(4 * CHUNK, CHUNK + 4096, "rw-p 00000000 00:00 0 [heap]"));
    maps(8, memory(0, 4096));
    try (var reader = reader(0)) {
      reader.start(List.of(7L, 404L, 8L));
      assertThat(List.of(nextCall(), nextCall(), nextCall()))
          .containsExactlyInAnyOrder(
              new Call(7, 4 * CHUNK, CHUNK), new Call(7, 5 * CHUNK, 4096), new Call(8, 0, 4096));
    }
    assertThat(calls).isEmpty();
  }

  @Test
  void allThreadsReadTheMemoryOfOneProcess() throws Exception {
    maps(7, memory(0, GIB));
    var together = new CountDownLatch(SwapReader.THREADS);
    var met = new LinkedBlockingQueue<Boolean>();
    try (var reader =
        new SwapReader(
            processes,
            (_, _, _) -> {
              together.countDown();
              met.add(await(together));
              return 0;
            })) {
      reader.start(List.of(7L));
      for (int call = 0; call < GIB / CHUNK; call++) assertThat(met.poll(30, SECONDS)).isTrue();
    }
  }

  /** An agent can map any address range, whether it uses it or not. */
  @Test
  void theWorkForHugeMappingsIsLimited() throws Exception {
    maps(6, memory(0, 100 * TIB), memory(101 * TIB, GIB));
    maps(7, memory(0, 600 * GIB), memory(TIB, 600 * GIB), memory(2 * TIB, GIB));
    try (var reader = reader(0)) {
      reader.start(List.of(6L, 7L));
      var read = new ArrayList<Call>();
      long expected = 602 * GIB / CHUNK;
      while (read.size() < expected) read.add(nextCall());
      assertThat(read).filteredOn(call -> call.pid() == 6).allMatch(c -> c.from() >= 101 * TIB);
      assertThat(read).filteredOn(call -> call.pid() == 7).noneMatch(c -> c.from() / TIB == 1);
      assertThat(read).doesNotHaveDuplicates();
    }
  }

  @Test
  void theNumberOfMappingsIsLimited() throws Exception {
    var many = new String[SwapReader.MAX_STEPS];
    for (int n = 0; n < many.length; n++) many[n] = memory(n * CHUNK, 4096);
    maps(6, many);
    maps(7, many);
    try (var reader = reader(0)) {
      reader.start(List.of(6L, 7L));
      // Each mapping takes a step to find and a step to read.
      for (int n = 0; n < many.length / 2; n++) assertThat(nextCall().pid()).isEqualTo(6);
    }
    assertThat(calls).isEmpty();
  }

  @Test
  void aProcessThatEndedIsNotReadFurther() throws Exception {
    maps(6, memory(0, 200 * GIB));
    maps(7, memory(0, 4096));
    try (var reader =
        new SwapReader(
            processes,
            (pid, from, bytes) -> {
              calls.add(new Call(pid, from, bytes));
              return pid == 6 ? SystemCalls.ESRCH : 0;
            })) {
      reader.start(List.of(6L, 7L));
      int ended = 0;
      while (nextCall().pid() == 6) ended++;
      assertThat(ended).isBetween(1, SwapReader.THREADS);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {SystemCalls.EPERM, SystemCalls.ENOSYS})
  void aKernelThatNeverPermitsItIsAskedOnce(int error) throws Exception {
    maps(7, memory(0, 4096));
    try (var reader = reader(error)) {
      reader.start(List.of(7L));
      assertThat(nextCall()).isNotNull();
      Await.until(() -> !reader.isPermitted());
      reader.start(List.of(7L));
    }
    assertThat(calls).isEmpty();
  }

  @Test
  void anErrorOfAnotherKindEndsOnlyThisStart() throws Exception {
    maps(6, memory(0, 200 * GIB));
    maps(7, memory(0, 4096));
    try (var reader = reader(EMFILE)) {
      reader.start(List.of(6L));
      assertThat(nextCall().pid()).isEqualTo(6);
      reader.start(List.of(7L));
      int others = 0;
      while (nextCall().pid() == 6) others++;
      assertThat(others).isLessThan(SwapReader.THREADS);
      assertThat(reader.isPermitted()).isTrue();
    }
  }

  /** Returns a reader whose calls all have this result. */
  private SwapReader reader(int result) {
    return new SwapReader(
        processes,
        (pid, from, bytes) -> {
          calls.add(new Call(pid, from, bytes));
          return result;
        });
  }

  private Call nextCall() throws InterruptedException {
    var call = calls.poll(30, SECONDS);
    assertThat(call).as("a call").isNotNull();
    return call;
  }

  private void maps(long pid, String... lines) throws IOException {
    var directory = Files.createDirectories(processes.resolve(Long.toString(pid)));
    Files.write(directory.resolve("maps"), List.of(lines), StandardCharsets.ISO_8859_1);
  }

  private static String memory(long from, long bytes) {
    return mapping(from, bytes, "rw-p 00000000 00:00 0");
  }

  private static String mapping(long from, long bytes, String rest) {
    return "%x-%x %s".formatted(from, from + bytes, rest);
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(30, SECONDS);
    } catch (InterruptedException closed) {
      return false;
    }
  }
}
