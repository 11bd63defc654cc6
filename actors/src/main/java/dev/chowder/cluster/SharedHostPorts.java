package dev.chowder.cluster;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ddata.GCounter;
import org.apache.pekko.cluster.ddata.GCounterKey;
import org.apache.pekko.cluster.ddata.GSet;
import org.apache.pekko.cluster.ddata.GSetKey;
import org.apache.pekko.cluster.ddata.Key;
import org.apache.pekko.cluster.ddata.ReplicatedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.Replicator;
import org.apache.pekko.cluster.ddata.typed.javadsl.ReplicatorMessageAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies every node when the host's open ports change, and shares the ports that the nodes
 * themselves listen on. All nodes of a host maintain the same firewall chain, so a node that missed
 * a change would undo it. The open ports are stored in the database; this class does not know them.
 */
public final class SharedHostPorts implements NodePorts {
  private static final Logger LOG = LoggerFactory.getLogger(SharedHostPorts.class);
  private static final Key<GCounter> CHANGES = GCounterKey.create("host-port-changes");

  /** Only grows: a port of a node stays closed to sandboxes until all nodes have stopped. */
  private static final Key<GSet<Integer>> OWN = GSetKey.create("own-host-ports");

  /** Timeout of the direct message to the other nodes; gossip reaches those that it misses. */
  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(2);

  private sealed interface Message<D extends ReplicatedData> {
    record Update<D extends ReplicatedData>(UnaryOperator<D> change) implements Message<D> {}

    record Changed<D extends ReplicatedData>(Replicator.SubscribeResponse<D> now)
        implements Message<D> {}

    record Updated<D extends ReplicatedData>(Replicator.UpdateResponse<D> result)
        implements Message<D> {}
  }

  private final ActorSystem<?> system;
  private final Executor blocking;
  private final AtomicReference<Set<Integer>> ownPorts = new AtomicReference<>(Set.of());
  private final ActorRef<Message<GCounter>> changes;
  private final ActorRef<Message<GSet<Integer>>> own;

  private SharedHostPorts(ActorSystem<?> system, Executor blocking) {
    this.system = system;
    this.blocking = blocking;
    this.changes = start("host-port-changes", CHANGES, GCounter.empty(), _ -> {});
    this.own = start("own-host-ports", OWN, GSet.empty(), this::add);
  }

  /**
   * Starts sharing with the other nodes.
   *
   * @param blocking runs the callbacks of {@link #whenChanged}
   */
  public static SharedHostPorts share(ActorSystem<?> system, Executor blocking) {
    return new SharedHostPorts(system, blocking);
  }

  /**
   * Calls {@code onChange} at once, after each change at any node, and at the interval, since a
   * call may fail.
   *
   * @param onChange may block
   */
  public void whenChanged(Runnable onChange, Duration every) {
    Runnable refresh = () -> blocking.execute(() -> run(onChange));
    var _ = start("host-port-changes-listener", CHANGES, GCounter.empty(), _ -> refresh.run());
    var _ =
        start(
            "own-host-ports-listener",
            OWN,
            GSet.empty(),
            known -> {
              add(known);
              refresh.run();
            });
    var _ =
        system
            .scheduler()
            .scheduleWithFixedDelay(Duration.ZERO, every, refresh, system.executionContext());
  }

  private static void run(Runnable onChange) {
    try {
      onChange.run();
    } catch (RuntimeException | Error why) {
      LOG.warn("event=host-ports-not-refreshed why={}", why.toString());
    }
  }

  private void add(GSet<Integer> known) {
    ownPorts.updateAndGet(before -> union(before, known.getElements()));
  }

  @Override
  public void changed() {
    changes.tell(
        new Message.Update<>(
            counter -> counter.increment(DistributedData.get(system).selfUniqueAddress(), 1)));
  }

  /**
   * Announces to all nodes the ports that this node listens on; ports of earlier calls stay
   * announced.
   */
  public void listen(Set<Integer> ports) {
    ownPorts.updateAndGet(before -> union(before, ports));
    own.tell(
        new Message.Update<>(
            known -> {
              var all = known;
              for (var port : ports) all = all.add(port);
              return all;
            }));
  }

  @Override
  public Set<Integer> ownPorts() {
    return ownPorts.get();
  }

  private static Set<Integer> union(Set<Integer> one, Set<Integer> other) {
    var all = new HashSet<>(one);
    all.addAll(other);
    return Set.copyOf(all);
  }

  private <D extends ReplicatedData> ActorRef<Message<D>> start(
      String name, Key<D> key, D empty, Consumer<D> onChange) {
    return system.systemActorOf(sharing(key, empty, onChange), name, Props.empty());
  }

  private static <D extends ReplicatedData> Behavior<Message<D>> sharing(
      Key<D> key, D empty, Consumer<D> onChange) {
    return DistributedData.withReplicatorMessageAdapter(
        (ReplicatorMessageAdapter<Message<D>, D> replicator) -> {
          replicator.subscribe(key, Message.Changed::new);
          return Behaviors.receiveMessage(
              message -> {
                switch (message) {
                  case Message.Update<D>(var change) ->
                      replicator.askUpdate(
                          replyTo ->
                              new Replicator.Update<>(
                                  key,
                                  empty,
                                  new Replicator.WriteAll(WRITE_TIMEOUT),
                                  replyTo,
                                  change),
                          Message.Updated::new);
                  case Message.Changed<D>(Replicator.Changed<D> now) ->
                      onChange.accept(now.get(key));
                  // Never deleted; gossip reaches the nodes that the direct message misses.
                  case Message.Changed<D> _, Message.Updated<D> _ -> {}
                }
                return Behaviors.same();
              });
        });
  }
}
