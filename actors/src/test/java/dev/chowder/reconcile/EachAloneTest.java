package dev.chowder.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EachAloneTest {
  @Test
  void aFailedItemIsReturnedAndTheOthersAreCompleted() {
    var failed =
        EachAlone.run(
            "item",
            List.of("a", "b", "c"),
            1,
            item -> {
              if (item.equals("b")) throw new IllegalStateException("no answer");
            });
    assertThat(failed).containsExactly("b");
  }

  @Test
  void anInterruptReturnsAllItemsThatWereNotCompleted() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var returned = new AtomicReference<List<String>>(List.of());
    var caller =
        Thread.ofVirtual()
            .start(
                () ->
                    returned.set(
                        EachAlone.run(
                            "item",
                            List.of("completed", "hangs", "not started", "not started either"),
                            1,
                            item -> {
                              if (!item.equals("completed")) hang(begun);
                            })));
    begun.await();
    caller.interrupt();
    caller.join();
    assertThat(returned.get()).containsExactly("hangs", "not started", "not started either");
  }

  private static void hang(CountDownLatch begun) {
    begun.countDown();
    try {
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException stop) {
      throw new IllegalStateException(stop);
    }
  }
}
