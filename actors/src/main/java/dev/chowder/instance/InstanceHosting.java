package dev.chowder.instance;

import dev.chowder.actor.JournalVersion;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.typed.Cluster;

/**
 * The node and the cluster that host an instance, as its actor sees them.
 *
 * @param self sends a report to this instance, even after its actor has stopped
 * @param canBeHosted returns whether any node can host the instance after its actor stops
 * @param journalVersion returns the newest version of the journal that all members read
 * @param transitions the log of this node
 */
record InstanceHosting(
    Consumer<InstanceCommand.Report> self,
    BooleanSupplier canBeHosted,
    IntSupplier journalVersion,
    TransitionLog transitions) {

  /** Returns the hosting of an instance by the cluster of this node. */
  static InstanceHosting of(ActorSystem<?> system, InstanceId id, TransitionLog transitions) {
    var sharding = ClusterSharding.get(system);
    return new InstanceHosting(
        report -> sharding.entityRefFor(InstanceEntity.ENTITY_KEY, id.value()).tell(report),
        () -> canBeHosted(system),
        () -> JournalVersion.ofAllMembers(system),
        transitions);
  }

  /**
   * Returns whether any node can host an instance after it stops here: this node, unless it is
   * shutting down, or another node that is Up. If none can, send the instance nothing, because
   * sharding would buffer the message and delay the last node's shutdown.
   */
  private static boolean canBeHosted(ActorSystem<?> system) {
    if (CoordinatedShutdown.get(system).getShutdownReason().isEmpty()) return true;
    var cluster = Cluster.get(system);
    var here = cluster.selfMember().uniqueAddress();
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
        .filter(member -> !member.uniqueAddress().equals(here))
        .anyMatch(member -> member.status().equals(MemberStatus.up()));
  }
}
