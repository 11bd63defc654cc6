package dev.chowder.cluster;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.IntConsumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ddata.GSet;
import org.apache.pekko.cluster.ddata.GSetKey;
import org.apache.pekko.cluster.ddata.Key;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.Replicator;
import org.apache.pekko.cluster.ddata.typed.javadsl.ReplicatorMessageAdapter;

/**
 * The host's ports that are open to sandboxes, told to every node: each keeps the firewall from its
 * own list, and one that did not know of a port would close what another one opened. Knows nothing
 * of how a port is opened.
 */
public final class SharedHostPorts {
  private static final Key<GSet<Integer>> KEY = GSetKey.create("host-ports");

  /** How long the other nodes are told directly; whom that does not reach learns it by gossip. */
  private static final Duration TELL = Duration.ofSeconds(2);

  private sealed interface Message {
    record Open(int port) implements Message {}

    record Changed(Replicator.SubscribeResponse<GSet<Integer>> ports) implements Message {}

    record Told(Replicator.UpdateResponse<GSet<Integer>> answer) implements Message {}
  }

  private final IntConsumer here;
  private final ActorRef<Message> others;

  private SharedHostPorts(ActorSystem<?> system, IntConsumer here, Executor blocking) {
    this.here = here;
    this.others = system.systemActorOf(sharing(here, blocking), "host-ports", Props.empty());
  }

  /**
   * From now on this node opens what another one opens.
   *
   * @param here opens a port on this node; blocks
   */
  public static SharedHostPorts share(ActorSystem<?> system, IntConsumer here, Executor blocking) {
    return new SharedHostPorts(system, here, blocking);
  }

  /** Opens it here, and then on all nodes, also on those that join later. */
  public void open(int port) {
    here.accept(port);
    others.tell(new Message.Open(port));
  }

  private static Behavior<Message> sharing(IntConsumer here, Executor blocking) {
    return Behaviors.setup(
        _ ->
            DistributedData.withReplicatorMessageAdapter(
                (ReplicatorMessageAdapter<Message, GSet<Integer>> replicator) -> {
                  replicator.subscribe(KEY, Message.Changed::new);
                  return Behaviors.receiveMessage(
                      message -> {
                        switch (message) {
                          case Message.Open(var port) ->
                              replicator.askUpdate(
                                  replyTo ->
                                      new Replicator.Update<>(
                                          KEY,
                                          GSet.empty(),
                                          new Replicator.WriteAll(TELL),
                                          replyTo,
                                          ports -> ports.add(port)),
                                  Message.Told::new);
                          case Message.Changed(Replicator.Changed<GSet<Integer>> now) -> {
                            var ports = Set.copyOf(now.get(KEY).getElements());
                            blocking.execute(() -> ports.forEach(here::accept));
                          }
                          // Never removed; and told or not, gossip brings it to the others.
                          case Message.Changed _, Message.Told _ -> {}
                        }
                        return Behaviors.same();
                      });
                }));
  }
}
