package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.Rejection;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests sign-up on a host that does not isolate sandboxes. */
class IsolationTest {
  @TempDir Path home;

  @Test
  void aHostWithoutIsolationReportsItAndAcceptsOneOrganization() throws Exception {
    var host = Node.host(home.resolve("sandboxes"));
    host.host().isolationFailure(Optional.of("iptables is missing"));
    try (var node = Node.start(home, host, Map.of())) {
      assertThat(node.health()).isEqualTo("{\"status\":\"SERVING\",\"isolated\":false}");
      assertThat(node.metric("chowder_sandboxes_isolated")).isZero();
      var first = node.newcomer("crab");
      Rejection.of(() -> node.newcomer("crab")).hasReason(Reason.SIGN_UP_CLOSED);
      var second = node.operator("CreateOrganization", request("name", "second"));
      assertThat(second.statusCode()).isEqualTo(403);
      assertThat(second.body()).contains("\"reason\":\"SIGN_UP_CLOSED\"");
      // The existing organization keeps working.
      var _ = node.createRunning(first);

      host.host().isolationFailure(Optional.empty());
      assertThat(node.health()).isEqualTo("{\"status\":\"SERVING\",\"isolated\":true}");
      assertThat(node.metric("chowder_sandboxes_isolated")).isEqualTo(1);
      var _ = node.newcomer("crab");
    }
  }

  @Test
  void anotherOrganizationMaySignUpAfterTheFirstWasDeleted() throws Exception {
    var host = Node.host(home.resolve("sandboxes"));
    host.host().isolationFailure(Optional.of("iptables is missing"));
    try (var node = Node.start(home, host, Map.of("chowder.deletion.retry-interval", "100ms"))) {
      var first = node.organizationId(node.newcomer("crab"));
      assertThat(
              node.operator("DeleteOrganization", request("organization_id", first, "name", "org"))
                  .statusCode())
          .isEqualTo(200);
      Node.await(
          () -> {
            var shown = node.operator("ListOrganizations").body();
            return shown.contains("\"deleted\"") ? "" : shown;
          });
      var _ = node.newcomer("crab");
    }
  }

  @Test
  void anOperatorMayAllowMoreOrganizationsWithoutIsolation() throws Exception {
    var host = Node.host(home.resolve("sandboxes"));
    host.host().isolationFailure(Optional.of("iptables is missing"));
    try (var node = Node.start(home, host, Map.of("chowder.unisolated-organizations", true))) {
      var _ = node.newcomer("crab");
      var _ = node.newcomer("crab");
    }
  }
}
