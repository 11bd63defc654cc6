package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.Leave;

/** A second member of a test's cluster, which has its own version and hosts no entities. */
public final class OtherMember implements AutoCloseable {
  /**
   * Settings of the first member: only members with this role host entities, so the other does not.
   */
  public static final Config HOSTING_ENTITIES =
      ConfigFactory.parseString(
          """
          pekko.cluster {
            min-nr-of-members = 1
            roles = [entities]
            sharding.role = entities
          }
          """);

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final ActorSystem<?> first;
  private final ActorTestKit kit;

  private OtherMember(ActorSystem<?> first, ActorTestKit kit) {
    this.first = first;
    this.kit = kit;
  }

  /** Joins, and returns when each member sees both as Up. Before that, a member cannot leave. */
  public static OtherMember join(ActorSystem<?> first, String appVersion) {
    var config =
        ConfigFactory.parseMap(
                Map.of(
                    "pekko.remote.artery.canonical.port",
                    0,
                    "pekko.cluster.app-version",
                    appVersion,
                    "pekko.cluster.roles",
                    List.of()))
            .withFallback(first.settings().config());
    var kit = ActorTestKit.create(first.name(), config);
    var member = new OtherMember(first, kit);
    Cluster.get(kit.system())
        .manager()
        .tell(Join.create(Cluster.get(first).selfMember().address()));
    member.awaitMembers(kit.system(), 2);
    member.awaitMembers(first, 2);
    return member;
  }

  private void awaitMembers(ActorSystem<?> seenBy, int wanted) {
    kit.createTestProbe()
        .awaitAssert(
            LIMIT,
            () -> {
              assertThat(Cluster.get(seenBy).state().getMembers())
                  .hasSize(wanted)
                  .allMatch(member -> member.status().equals(MemberStatus.up()));
              return wanted;
            });
  }

  /** Leaves the cluster, and returns when the first member is its only member. */
  @Override
  public void close() {
    var cluster = Cluster.get(kit.system());
    cluster.manager().tell(Leave.create(cluster.selfMember().address()));
    awaitMembers(first, 1);
    kit.shutdownTestKit();
  }
}
