package dev.chowder.server.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.instance.InstanceViews;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.stream.StubCall;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Tests the watch of one instance with an instance and a caller that each test controls. */
class WatchStreamTest {
  private final StubCall<Integer> caller = new StubCall<>(true);
  private final DrainSignal node = new DrainSignal();
  private final CompletableFuture<Boolean> closed = new CompletableFuture<>();
  private final CompletableFuture<Consumer<InstanceReply>> instance = new CompletableFuture<>();

  @Test
  void aStateThatCannotBeShownEndsTheWatch() {
    var away = new IllegalStateException("no database");
    begin(
        view -> {
          if (view.revision() == 2) throw away;
          return view.revision();
        });
    accept(1);
    caller.awaitMessages(1);
    accept(2);
    caller.awaitEnd();
    assertThat(caller.messages()).containsExactly(1);
    assertThat(caller.failure()).containsSame(away);
    assertClosed();
  }

  @Test
  void theInstancesThreadDoesNotPresentStates() {
    var presenting = new CompletableFuture<Thread>();
    begin(
        view -> {
          presenting.complete(Thread.currentThread());
          return view.revision();
        });
    accept(1);
    assertThat(presenting.orTimeout(10, TimeUnit.SECONDS).join())
        .as("presenting may read the database, for which an actor must not wait")
        .isNotSameAs(Thread.currentThread());
    caller.awaitMessages(1);
  }

  @Test
  void aSlowCallerGetsTheNewestState() {
    caller.setReady(false);
    begin(InstanceView::revision);
    accept(1);
    accept(2);
    // A reply that an instance sent before it moved to another node.
    accept(1);
    caller.setReady(true);
    caller.awaitMessages(1);
    accept(3);
    caller.awaitMessages(2);
    assertThat(caller.messages()).containsExactly(2, 3);
  }

  @Test
  void aRejectedSubscriptionFailsTheCallAlthoughItReadsNothing() {
    caller.setReady(false);
    begin(InstanceView::revision);
    instance().accept(new InstanceReply.Refused(new InstanceRejection.TooManyWatchers(1)));
    caller.awaitEnd();
    assertThat(reason()).isEqualTo(Reason.RATE_LIMITED);
    assertClosed();
  }

  @Test
  void aDrainNamesTheRevisionThatWasSentLast() {
    begin(InstanceView::revision);
    accept(7);
    caller.awaitMessages(1);
    node.begin();
    caller.awaitEnd();
    assertThat(reason()).isEqualTo(Reason.SERVER_UNAVAILABLE);
    assertThat(caller.failure().orElseThrow()).hasMessageContaining("after_revision 7");
    assertClosed();
  }

  @Test
  void aDisconnectEndsTheSubscription() {
    begin(InstanceView::revision);
    accept(1);
    caller.awaitMessages(1);
    caller.cancel();
    assertClosed();
  }

  private void accept(int revision) {
    instance().accept(new InstanceReply.Accepted(view(revision)));
  }

  private Consumer<InstanceReply> instance() {
    return instance.orTimeout(10, TimeUnit.SECONDS).join();
  }

  private Reason reason() {
    return ((ApiError) caller.failure().orElseThrow()).reason();
  }

  private void assertClosed() {
    assertThat(closed.orTimeout(10, TimeUnit.SECONDS)).succeedsWithin(Duration.ofSeconds(10));
  }

  private void begin(Function<InstanceView, Integer> present) {
    new WatchStream<>(
            caller, present, refused -> RejectionErrors.of(refused.why()), Optional.empty())
        .begin(
            listener -> {
              instance.complete(listener);
              return () -> closed.complete(true);
            },
            node);
  }

  private static InstanceView view(int revision) {
    return InstanceViews.of(revision, Name.RUNNING, Optional.empty());
  }
}
