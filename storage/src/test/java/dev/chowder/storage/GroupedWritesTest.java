package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GroupedWritesTest {
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final List<List<String>> groups = new CopyOnWriteArrayList<>();
  private final CountDownLatch firstIsWritten = new CountDownLatch(1);
  private final GroupedWrites<String> writes = new GroupedWrites<>(blocking, 3, this::write);

  private final CountDownLatch firstIsBeingWritten = new CountDownLatch(1);

  private void hold() {
    var _ = writes.add("first");
    await(firstIsBeingWritten);
  }

  /**
   * Blocks on "first" until it is released, rejects "bad", and simulates an outage of the database
   * for "outage".
   */
  private void write(List<String> items) {
    groups.add(items);
    if (items.contains("first")) {
      firstIsBeingWritten.countDown();
      await(firstIsWritten);
    }
    if (items.contains("bad")) throw new IllegalArgumentException("bad");
    if (items.contains("outage")) {
      throw new IllegalStateException(new SQLTransientConnectionException("outage"));
    }
  }

  @AfterEach
  void end() {
    firstIsWritten.countDown();
    blocking.close();
  }

  @Test
  void itemsDuringAWriteAreGroupedInOrderUpToTheLimit() {
    hold();
    var later = List.of(writes.add("1"), writes.add("2"), writes.add("3"), writes.add("4"));
    assertThat(later).noneMatch(one -> one.isDone());
    firstIsWritten.countDown();
    later.forEach(one -> one.join());
    assertThat(groups).containsExactly(List.of("first"), List.of("1", "2", "3"), List.of("4"));
    writes.add("alone").join();
    assertThat(groups).last().isEqualTo(List.of("alone"));
  }

  @Test
  void anInvalidItemDoesNotBlockOthers() {
    hold();
    var one = writes.add("1");
    var bad = writes.add("bad");
    var two = writes.add("2");
    firstIsWritten.countDown();
    one.join();
    two.join();
    assertThatThrownBy(bad::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(IllegalArgumentException.class);
    writes.add("3").join();
  }

  @Test
  void duringAnOutageAGroupIsTriedOnce() {
    hold();
    var group = List.of(writes.add("1"), writes.add("outage"), writes.add("2"));
    firstIsWritten.countDown();
    for (var one : group) assertThatThrownBy(one::join).isInstanceOf(CompletionException.class);
    assertThat(groups).hasSize(2);
    writes.add("3").join();
  }

  @Test
  void anItemAfterTheShutdownFails() {
    blocking.shutdown();
    assertThatThrownBy(() -> writes.add("1").join())
        .hasCauseInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> writes.add("2").join())
        .hasCauseInstanceOf(RejectedExecutionException.class);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stop) {
      throw new IllegalStateException(stop);
    }
  }
}
