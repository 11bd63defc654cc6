package dev.chowder.cluster;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.SingletonActor;
import org.apache.pekko.cluster.typed.Subscribe;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a duty on exactly one node: the oldest. When that node leaves or is lost, the next one
 * starts the duty from the beginning. Does not know what the duty does.
 *
 * @param <D> the type of the duty
 */
public final class SingletonDuty<D extends SingletonDuty.Duty> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SingletonDuty.class);

  /** The work on one node. Closing it leaves the work to the next node. */
  public interface Duty extends AutoCloseable {
    /** Called after a node left or was lost. Its work is no longer in progress. */
    void onNodeLost();

    @Override
    void close();
  }

  private record Gone(ClusterEvent.MemberRemoved event) {}

  private final AtomicReference<@Nullable D> here = new AtomicReference<>();
  private final CompletableFuture<D> started = new CompletableFuture<>();
  private final Cluster cluster;
  private final String name;
  private volatile boolean closed;

  private SingletonDuty(Cluster cluster, String name) {
    this.cluster = cluster;
    this.name = name;
  }

  /** Makes this node a candidate for the duty. {@code begin} is called when this node gets it. */
  public static <D extends Duty> SingletonDuty<D> keep(
      ActorSystem<?> system, String name, Supplier<D> begin) {
    var candidate = new SingletonDuty<D>(Cluster.get(system), name);
    var _ = ClusterSingleton.get(system).init(SingletonActor.of(candidate.behavior(begin), name));
    return candidate;
  }

  private Behavior<Gone> behavior(Supplier<D> begin) {
    return Behaviors.setup(
        context -> {
          if (!closed) {
            LOG.info("duty={} event=begun", name);
            var duty = begin.get();
            here.set(duty);
            started.complete(duty);
          }
          cluster
              .subscriptions()
              .tell(
                  Subscribe.create(
                      context.messageAdapter(ClusterEvent.MemberRemoved.class, Gone::new),
                      ClusterEvent.MemberRemoved.class));
          return Behaviors.receive(Gone.class)
              .onMessage(
                  Gone.class,
                  gone -> {
                    LOG.info("duty={} event=node-gone node={}", name, gone.event().member());
                    here().ifPresent(Duty::onNodeLost);
                    return Behaviors.same();
                  })
              .onSignal(
                  PostStop.class,
                  _ -> {
                    end();
                    return Behaviors.same();
                  })
              .build();
        });
  }

  private void end() {
    var duty = here.getAndSet(null);
    if (duty != null) duty.close();
  }

  /** Returns the duty; empty if another node has it. */
  public Optional<D> here() {
    return Optional.ofNullable(here.get());
  }

  /** Completes when this node has started the duty: soon, if it {@link #isOurs}. */
  public CompletionStage<D> started() {
    return started.minimalCompletionStage();
  }

  /** Returns whether this node has the duty, or is about to get it. */
  public boolean isOurs() {
    return where().equals(NodeNames.of(cluster.selfMember()));
  }

  /**
   * Returns the name of the node that has the duty, or is about to get it: the oldest. Empty if
   * there is none.
   */
  public String where() {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(MemberStatus.up()))
        .min((one, other) -> one.isOlderThan(other) ? -1 : 1)
        .map(NodeNames::of)
        .orElse("");
  }

  /** Stops the duty. This node does not start it again. */
  @Override
  public void close() {
    closed = true;
    end();
  }
}
