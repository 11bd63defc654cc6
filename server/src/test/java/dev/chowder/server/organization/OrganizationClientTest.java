package dev.chowder.server.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.admission.OrganizationCalls;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Failpoints;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationSettings;
import dev.chowder.organization.Organizations;
import dev.chowder.server.error.ApiError;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests commands that no organization answers: the node is a member of no cluster. */
class OrganizationClientTest {
  private final ActorSystem<Void> system =
      ActorSystem.create(
          Behaviors.empty(),
          "alone",
          ConfigFactory.parseString(
                  """
                  pekko.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                  pekko.cluster.jmx.multi-mbeans-in-same-jvm = on
                  # A shutdown would first wait until the node has left its cluster.
                  pekko.coordinated-shutdown.run-by-actor-system-terminate = off
                  """)
              .withFallback(ConfigFactory.load()));
  private final Organizations organizations =
      Organizations.init(
          system,
          _ -> CompletableFuture.failedFuture(new AssertionError("no organization runs")),
          new OrganizationSettings(Duration.ofMillis(200), Duration.ofMillis(100), 50, 20),
          Failpoints.NONE);
  private final OrganizationClient client = new OrganizationClient(organizations);
  private final OrganizationCalls calls = new OrganizationCalls(organizations);

  @AfterEach
  void end() throws Exception {
    system.terminate();
    system.getWhenTerminated().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  @Test
  void aCallFailsAndAnEffectIsRepeated() {
    assertThatThrownBy(() -> client.send("org", OrganizationCommand.Get::new))
        .isInstanceOfSatisfying(
            ApiError.class, why -> assertThat(why.reason()).isEqualTo(Reason.NO_ANSWER_IN_TIME));
    assertThatThrownBy(() -> calls.sendForEffect("org", OrganizationCommand.Get::new))
        .isInstanceOfSatisfying(
            WorkFailure.class, why -> assertThat(why.reason()).isEqualTo("TIMED_OUT"));
  }
}
