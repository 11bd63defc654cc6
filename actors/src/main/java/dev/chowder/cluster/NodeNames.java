package dev.chowder.cluster;

import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;

/** The names of the nodes of the cluster: {@code host:port} of each in the cluster. */
public final class NodeNames {
  private final Cluster cluster;

  public NodeNames(ActorSystem<?> system) {
    this.cluster = Cluster.get(system);
  }

  /** Returns the name of this node. */
  public String own() {
    return of(cluster.selfMember());
  }

  /** Returns the names of all nodes, including those that join or leave, in order. */
  public List<String> all() {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .map(NodeNames::of)
        .sorted()
        .toList();
  }

  static String of(Member member) {
    var address = member.address();
    return address.getHost().orElse("") + ":" + address.getPort().orElse(0);
  }
}
