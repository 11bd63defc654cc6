package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.edge.RawHttp;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * An agent's own address leads to its own gateway, requires its token, and reaches nothing else.
 */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GatewayUrlE2E {
  private final Agent first = SharedAgents.first();
  private final Agent second = SharedAgents.configured().agent();

  @Test
  void onlyItsOwnTokenOpensAGateway() throws IOException {
    String body = Agent.message("Reply with exactly: yes").put("model", "openclaw/main").toString();
    RawHttp.Request request = at(first, "POST", "/v1/responses").json(body);
    assertThat(send(request).status()).isEqualTo(401);
    assertThat(send(bearer(request, second.gatewayToken())).status()).isEqualTo(401);
    assertThat(send(bearer(request, first.caller().key())).status()).isEqualTo(401);
    RawHttp.Answer answer = send(bearer(request, first.gatewayToken()));
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    assertThat(Answer.agentText(answer.json())).isEqualTo("yes");
  }

  @Test
  void aForgedDestinationReachesNoOtherGateway() throws IOException {
    String other = Docker.docker("port", second.container()).out().split(" -> ", 2)[1].strip();
    RawHttp.Request request =
        at(first, "POST", "/v1/responses")
            .with("x-envoy-original-dst-host", other)
            .json(Agent.message("Hello").put("model", "openclaw/main").toString());
    assertThat(send(bearer(request, second.gatewayToken())).status()).isEqualTo(401);
    assertThat(send(bearer(request, first.gatewayToken())).status()).isEqualTo(200);
  }

  @Test
  void theAdminRouteIsUnreachableInAnySpelling() throws IOException {
    String token = first.gatewayToken();
    for (String path :
        List.of(
            "/api/v1/admin/rpc",
            "/api/v1/admin/",
            "/api/v1/admin",
            "/API/V1/ADMIN/rpc",
            "//api/v1/admin/rpc",
            "/api//v1/admin/rpc",
            "/x/../api/v1/admin/rpc",
            "/api/v1/./admin/rpc",
            "/api/v1/%61dmin/rpc",
            "/api%2Fv1%2Fadmin%2Frpc")) {
      RawHttp.Request request = at(first, "POST", path).json("{\"method\": \"health\"}");
      RawHttp.Answer answer = send(bearer(request, token));
      assertThat(answer.status()).as("%s: %s", path, answer).isIn(400, 404);
      assertThat(answer.body()).as(path).doesNotContain("\"ok\":true");
    }
  }

  @Test
  void anUnknownAddressIsNotFound() throws IOException {
    var request =
        RawHttp.Request.of("GET", "/")
            .with("Host", "0190a0a0-0000-7000-8000-000000000000.localhost");
    assertThat(send(request).status()).isEqualTo(404);
  }

  private static RawHttp.Answer send(RawHttp.Request request) throws IOException {
    return RawHttp.send(Installation.UNDER_TEST.restAddress(), request);
  }

  private static RawHttp.Request at(Agent agent, String method, String path) {
    return RawHttp.Request.of(method, path)
        .with("Host", URI.create(agent.get().text("gateway_url")).getAuthority());
  }

  private static RawHttp.Request bearer(RawHttp.Request request, String token) {
    return request.with("Authorization", "Bearer " + token);
  }
}
