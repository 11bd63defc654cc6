package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.GatewayAccess;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.base.Await;
import io.grpc.Channel;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Nodes whose clocks differ by hours. One clock is set back while its node runs. */
@ExtendWith(SharedNodes.class)
class ClockSkewIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration SKEW = Duration.ofHours(1);
  private static final Duration CLOCK_ERROR = Duration.ofMinutes(1);

  private final ThreeNodes nodes = SharedNodes.get().nodes();
  private final List<WallClock> clocks = SharedNodes.get().clocks();

  @Test
  void eachRotationReturnsANewTokenDespiteClockSkew() throws Exception {
    var owner = new Owner(nodes, "whale");
    try {
      set(List.of(SKEW, Duration.ZERO, SKEW.negated()));
      var first = nodes.node(1).channel();
      var id = owner.create(first, "agent").getId();
      Await.until(
          LIMIT,
          () -> owner.get(first, id).getStatus() == Instance.Status.running,
          () -> owner.get(first, id).toString());
      var seen = new HashSet<String>();
      seen.add(access(owner, first, id).getGatewayToken());
      // From an hour ahead to an hour behind, and again after all clocks are set.
      for (var number : List.of(1, 2, 3, 3, 1)) assertNew(seen, owner, nodes.node(number), id);
      set(List.of(SKEW.negated(), SKEW.negated(), SKEW.negated()));
      for (var number : List.of(1, 2, 3)) assertNew(seen, owner, nodes.node(number), id);
    } finally {
      SharedNodes.get().repair();
      owner.leave(nodes);
    }
  }

  private static void assertNew(Set<String> seen, Owner owner, Node node, String id) {
    var rotated =
        owner
            .over(node.channel())
            .rotateGatewayToken(RotateGatewayTokenRequest.newBuilder().setInstanceId(id).build());
    assertThat(seen.add(rotated.getGatewayToken())).as("new token by " + node).isTrue();
    assertThat(access(owner, node.channel(), id).getGatewayToken())
        .isEqualTo(rotated.getGatewayToken());
  }

  private static GatewayAccess access(Owner owner, Channel channel, String id) {
    return owner
        .over(channel)
        .getGatewayAccess(GetGatewayAccessRequest.newBuilder().setInstanceId(id).build());
  }

  /** Sets the clocks and returns when the nodes use the new times. */
  private void set(List<Duration> ahead) {
    for (int n = 0; n < clocks.size(); n++) clocks.get(n).set(ahead.get(n));
    for (int n = 0; n < clocks.size(); n++) {
      var node = nodes.node(n + 1);
      var wanted = ahead.get(n);
      Await.until(
          LIMIT,
          () ->
              Duration.between(node.clock(), Instant.now().plus(wanted))
                      .abs()
                      .compareTo(CLOCK_ERROR)
                  < 0,
          () -> node + " has " + node.clock());
    }
  }
}
