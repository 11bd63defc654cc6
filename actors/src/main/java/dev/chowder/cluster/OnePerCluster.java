package dev.chowder.cluster;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.SingletonActor;
import org.apache.pekko.cluster.typed.Subscribe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A duty that exactly one node has: the oldest. When that one leaves or is lost, the next begins it
 * anew. Knows nothing of what the duty is.
 *
 * @param <D> what does it
 */
public final class OnePerCluster<D extends OnePerCluster.Duty> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OnePerCluster.class);

  /** What is done at one node; closing it leaves it to the next. */
  public interface Duty extends AutoCloseable {
    /** A node is gone, in order or not: nobody does any more what it was at. */
    void nodeGone();

    @Override
    void close();
  }

  private record Gone(ClusterEvent.MemberRemoved event) {}

  private final AtomicReference<Optional<D>> here = new AtomicReference<>(Optional.empty());
  private final String name;
  private volatile boolean closed;

  private OnePerCluster(String name) {
    this.name = name;
  }

  /** From now on this node is ready to have the duty; {@code begin} is called when it gets it. */
  public static <D extends Duty> OnePerCluster<D> keep(
      ActorSystem<?> system, String name, Supplier<D> begin) {
    var kept = new OnePerCluster<D>(name);
    var _ = ClusterSingleton.get(system).init(SingletonActor.of(kept.having(begin), name));
    return kept;
  }

  private Behavior<Gone> having(Supplier<D> begin) {
    return Behaviors.setup(
        context -> {
          if (!closed) {
            LOG.info("duty={} event=begun", name);
            here.getAndSet(Optional.of(begin.get())).ifPresent(Duty::close);
          }
          Cluster.get(context.getSystem())
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
                    here.get().ifPresent(Duty::nodeGone);
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

  /** What does it, while this node has the duty. */
  public Optional<D> here() {
    return here.get();
  }

  private void end() {
    here.getAndSet(Optional.empty()).ifPresent(Duty::close);
  }

  /** This node ends: it lets the duty go and begins it no more. */
  @Override
  public void close() {
    closed = true;
    end();
  }
}
