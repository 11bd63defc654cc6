package dev.chowder.server.edge;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests a suspended organization through a real Envoy: its keys and the URLs of its gateways. */
class SuspensionIT {
  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @Test
  void keysAndGatewayUrlsOfASuspendedOrganizationReturn403() throws Exception {
    var organization = SERVER.world().get("other_key_organization");
    var ask = RawHttp.Request.of("GET", "/v1/organization");
    var gateway =
        RawHttp.Request.of("GET", "/").with("Host", SERVER.world().get("foreign") + ".localhost");
    assertThat(SERVER.call("other_key", ask).status()).isEqualTo(200);
    assertThat(RawHttp.send(SERVER.rest(), gateway).status()).isNotEqualTo(403);

    SERVER.operator("SuspendOrganization", request("organization_id", organization), 200);
    check(await(() -> SERVER.call("other_key", ask), 403));
    check(await(() -> RawHttp.send(SERVER.rest(), gateway), 403));
    assertThat(SERVER.call("key", ask).status()).as("another organization").isEqualTo(200);

    SERVER.operator("ResumeOrganization", request("organization_id", organization), 200);
    assertThat(await(() -> SERVER.call("other_key", ask), 200).status()).isEqualTo(200);
  }

  @Test
  void aSensitiveReadIsRecordedWithTheAddressOfEnvoysClient() throws Exception {
    var read =
        RawHttp.Request.of("GET", "/v1/instances/" + SERVER.world().get("running") + "/gateway")
            .with("Authorization", "Bearer " + SERVER.world().get("key"))
            .with("X-Forwarded-For", "203.0.113.9")
            .with("X-Chowder-Client", "203.0.113.9")
            .with("Connection", "close");
    try (var socket = new Socket()) {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.12.1"), 0));
      socket.connect(SERVER.rest(), 10_000);
      socket.setSoTimeout(20_000);
      assertThat(RawHttp.over(socket, read).whole().status()).isEqualTo(200);
    }
    var newest =
        SERVER.operator(
            "ListAuditEntries",
            request("page_size", "1", "organization_id", SERVER.world().get("key_organization")),
            200);
    assertThat(newest.at("/entries/0/action").asText()).isEqualTo("GetGatewayAccess");
    assertThat(newest.at("/entries/0/address").asText()).isEqualTo("127.0.12.1");
  }

  private interface Call {
    RawHttp.Answer send() throws IOException;
  }

  /** A node caches a valid key and the status of an organization for up to a second. */
  private static RawHttp.Answer await(Call call, int status) {
    var answer = new AtomicReference<RawHttp.Answer>();
    Await.until(
        Await.LIMIT,
        () -> {
          answer.set(call.send());
          return answer.get().status() == status;
        },
        () -> "status " + answer.get().status());
    return answer.get();
  }

  private static void check(RawHttp.Answer answer) {
    var reason = Reason.ORGANIZATION_SUSPENDED;
    RestErrors.check(answer, reason);
  }
}
