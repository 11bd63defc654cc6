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
 * A duty that exactly one node has: the oldest. When that one leaves or is lost, the next begins it
 * anew. Knows nothing of what the duty is.
 *
 * @param <D> the duty
 */
public final class SingletonDuty<D extends SingletonDuty.Duty> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SingletonDuty.class);

  /** What is done at one node; closing it leaves it to the next. */
  public interface Duty extends AutoCloseable {
    /** A node is gone, in order or not: nobody does any more what it was at. */
    void nodeGone();

    @Override
    void close();
  }

  private record Gone(ClusterEvent.MemberRemoved event) {}

  private final AtomicReference<@Nullable D> here = new AtomicReference<>();
  private final CompletableFuture<D> begun = new CompletableFuture<>();
  private final Cluster cluster;
  private final String name;
  private volatile boolean closed;

  private SingletonDuty(Cluster cluster, String name) {
    this.cluster = cluster;
    this.name = name;
  }

  /** From now on this node is ready to have the duty; {@code begin} is called when it gets it. */
  public static <D extends Duty> SingletonDuty<D> keep(
      ActorSystem<?> system, String name, Supplier<D> begin) {
    var kept = new SingletonDuty<D>(Cluster.get(system), name);
    var _ = ClusterSingleton.get(system).init(SingletonActor.of(kept.having(begin), name));
    return kept;
  }

  private Behavior<Gone> having(Supplier<D> begin) {
    return Behaviors.setup(
        context -> {
          if (!closed) {
            LOG.info("duty={} event=begun", name);
            var duty = begin.get();
            here.set(duty);
            begun.complete(duty);
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
                    here().ifPresent(Duty::nodeGone);
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
    var had = here.getAndSet(null);
    if (had != null) had.close();
  }

  /** The duty, where this node has it. */
  public Optional<D> here() {
    return Optional.ofNullable(here.get());
  }

  /** Completes when this node has begun it: soon, where it {@link #isOurs}. */
  public CompletionStage<D> begun() {
    return begun.minimalCompletionStage();
  }

  /** Whether this node has it, or is about to. */
  public boolean isOurs() {
    return where().equals(cluster.selfMember().address().toString());
  }

  /** The node that has it, or is about to: the oldest. */
  public String where() {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .filter(member -> member.status().equals(MemberStatus.up()))
        .min((one, other) -> one.isOlderThan(other) ? -1 : 1)
        .map(member -> member.address().toString())
        .orElse("no node");
  }

  /** This node ends: it lets the duty go and begins it no more. */
  @Override
  public void close() {
    closed = true;
    end();
  }
}
