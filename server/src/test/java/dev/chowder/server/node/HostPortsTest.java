package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.server.error.Rejection;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests which loopback ports of the host an organization's base URL opens to sandboxes. */
class HostPortsTest {
  private static final Map<String, Object> SOON =
      Map.of(
          "chowder.reconciler.interval", "100ms",
          "chowder.reconciler.removal-delay", "200ms",
          // These override the environment of the tests.
          "chowder.channels.localhost-ports", "",
          "chowder.host-ports.operator-rest-port", "9096");

  @TempDir Path home;

  @Test
  void aBaseUrlWithAnUnlistedPortIsRejected() throws Exception {
    try (var node = Node.start(home, SOON)) {
      var key = node.newcomer("crab");
      for (int port :
          new int[] {
            9901, 9093, 5432, 22, 80, 8080, 9096, node.operatorPort(), node.monitoringPort()
          }) {
        Rejection.of(() -> name(node, key, port))
            .hasField("model_endpoints.custom.base_url")
            .shows(port);
      }
      name(node, key, 11434);
    }
  }

  @Test
  void anOperatorListsAPortWithoutARestartAndAnUnusedOneIsClosed() throws Exception {
    try (var node = Node.start(home, SOON)) {
      var key = node.newcomer("crab");
      int port = node.modelPort();
      assertThat(node.host().host().openHostPorts()).doesNotContain(port);
      var agent = node.createRunning(key);
      assertThat(node.host().host().openHostPorts()).containsExactly(port);

      assertThat(node.operator("OpenHostPort", request("port", "8000")).statusCode())
          .isEqualTo(200);
      name(node, key, 8000);
      assertThat(node.operator("OpenHostPort", request("port", "9901")).statusCode())
          .isEqualTo(400);
      assertThat(node.operator("OpenHostPort", request("port", "9096")).statusCode())
          .isEqualTo(400);
      assertThat(node.operator("OpenHostPort", request("port", "0")).statusCode()).isEqualTo(400);
      assertThat(node.operator("ListHostPorts").body())
          .contains(
              "{\"port\":%d,\"state\":\"listed\",\"open\":true,\"organization_count\":1,\"organizations\":[\"%s\"]}"
                  .formatted(port, node.organizationId(key)))
          .contains("{\"port\":8000,\"state\":\"listed\",\"open\":false,\"organization_count\":0,");

      var _ =
          node.instances(key)
              .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(agent).build());
      Node.await(
          () ->
              node.host().host().openHostPorts().isEmpty()
                  ? ""
                  : "still open: " + node.host().host().openHostPorts());
    }
  }

  @Test
  void aStoredUrlWithAnUnlistedPortWorksWithAnAlarmUntilTheOperatorClosesIt() throws Exception {
    String key;
    try (var node = Node.start(home, SOON)) {
      key = node.newcomer("crab");
      var _ = node.createRunning(key);
    }
    // As after an upgrade: the URL is stored, but its port is not listed.
    var unlisted = new HashMap<>(SOON);
    unlisted.put("chowder.host-ports.models", "");
    try (var node = Node.start(home, unlisted)) {
      Node.await(
          () ->
              node.host().host().openHostPorts().size() == 1
                  ? ""
                  : "open: " + node.host().host().openHostPorts());
      int port = node.host().host().openHostPorts().iterator().next();
      assertThat(node.metric("chowder_host_ports_unlisted")).isEqualTo(1);
      assertThat(node.operator("ListHostPorts").body())
          .contains("{\"port\":%d,\"state\":\"unlisted\",\"open\":true".formatted(port));
      var _ = node.createRunning(key);

      assertThat(
              node.operator("CloseHostPort", request("port", Integer.toString(port))).statusCode())
          .isEqualTo(200);
      assertThat(node.host().host().openHostPorts()).isEmpty();
      assertThat(node.metric("chowder_host_ports_unlisted")).isZero();
      var failed = node.awaitStatus(key, node.create(key), Instance.Status.error);
      assertThat(failed.getErrorReason()).isEqualTo("REFUSED");
      assertThat(failed.getErrorMessage()).contains("port " + port);
    }
  }

  private static void name(Node node, String key, int port) {
    node.useEndpoint(key, "http://localhost:" + port + "/v1");
  }
}
