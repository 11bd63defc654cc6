package dev.chowder.cluster;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.management.cluster.bootstrap.ClusterBootstrapSettings;
import org.apache.pekko.management.cluster.bootstrap.JoinDecision;
import org.apache.pekko.management.cluster.bootstrap.JoinOtherSeedNodes;
import org.apache.pekko.management.cluster.bootstrap.JoinSelf;
import org.apache.pekko.management.cluster.bootstrap.KeepProbing;
import org.apache.pekko.management.cluster.bootstrap.LowestAddressJoinDecider;
import org.apache.pekko.management.cluster.bootstrap.SeedNodesInformation;
import scala.concurrent.Future;
import scala.jdk.javaapi.FutureConverters;

/**
 * Decides like {@link LowestAddressJoinDecider}, if the database agrees: {@link Membership} must
 * permit this node to form a cluster, or to join one. Until then the node keeps probing for other
 * nodes.
 */
public final class MemberJoinDecider extends LowestAddressJoinDecider {
  private final ActorSystem system;

  /** Called by Pekko. */
  public MemberJoinDecider(ActorSystem system, ClusterBootstrapSettings settings) {
    super(system, settings);
    this.system = system;
  }

  @Override
  public Future<JoinDecision> decide(SeedNodesInformation found) {
    var membership = MembershipExtension.ID.get(system).get();
    return FutureConverters.asScala(
        FutureConverters.asJava(super.decide(found))
            .thenCompose(decision -> confirm(decision, membership)));
  }

  private static CompletionStage<JoinDecision> confirm(
      JoinDecision decision, Membership membership) {
    if (decision.equals(JoinSelf.getInstance())) {
      return membership.tryForm().thenApply(may -> may ? decision : KeepProbing.getInstance());
    }
    if (decision instanceof JoinOtherSeedNodes) {
      return membership.tryJoin().thenApply(may -> may ? decision : KeepProbing.getInstance());
    }
    return java.util.concurrent.CompletableFuture.completedFuture(decision);
  }
}
