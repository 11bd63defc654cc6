package dev.chowder.openclaw;

import static dev.chowder.openclaw.StubGateway.JSON;
import static dev.chowder.openclaw.StubGateway.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Sha256;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.OpenClawSessions.Message;
import dev.chowder.openclaw.OpenClawSessions.Session;
import dev.chowder.secret.Secret;
import dev.chowder.simulator.FakeHttp;
import dev.chowder.simulator.FakeSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests requests to gateways about sessions, and how valid and invalid responses are handled. */
class OpenClawSessionsTest {
  private static final Secret TOKEN = Secret.of("the-token");
  private static final ObjectNode NO_SESSION = JSON.createObjectNode().putNull("session");

  private final List<String> approved = new CopyOnWriteArrayList<>();
  private final List<JsonNode> connects = new CopyOnWriteArrayList<>();
  private final List<JsonNode> requests = new CopyOnWriteArrayList<>();
  private volatile BiFunction<String, JsonNode, JsonNode> answers = (_, _) -> NO_SESSION;
  private volatile boolean sendsChallenge = true;
  private volatile String eventText = "";
  private StubGateway stub;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    stub = new StubGateway(directory, this::handle);
  }

  @AfterEach
  void stop() throws IOException {
    stub.close();
  }

  @Test
  void anUnknownDeviceIsApprovedAndSignsEachConnection() throws Exception {
    assertThat(sessions().history(gateway(), "nobody", 10, 0)).isEmpty();
    assertThat(approved).containsExactly("the-request");
    assertThat(connects).hasSize(2);
    assertThat(sessions().delete(gateway(), "nobody")).isFalse();
    assertThat(approved).as("the device is already approved").hasSize(1);
    for (var connect : connects) checkSignature(connect);
    assertThat(connects.stream().map(connect -> connect.at("/device/id").asText()).distinct())
        .hasSize(1);
  }

  private static void checkSignature(JsonNode connect) throws Exception {
    var device = connect.path("device");
    var key = Base64.getUrlDecoder().decode(device.path("publicKey").asText());
    assertThat(key).hasSize(32);
    assertThat(device.path("id").asText()).isEqualTo(Sha256.hex(key));
    var signed =
        "v2|%s|%s|%s|operator|operator.read,operator.write,operator.admin|1700|the-token|a-nonce"
            .formatted(
                device.path("id").asText(),
                connect.at("/client/id").asText(),
                connect.at("/client/mode").asText());
    var x509 = HexFormat.of().parseHex("302a300506032b6570032100" + HexFormat.of().formatHex(key));
    var signature = Signature.getInstance("Ed25519");
    signature.initVerify(
        KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(x509)));
    signature.update(signed.getBytes(StandardCharsets.UTF_8));
    assertThat(signature.verify(Base64.getUrlDecoder().decode(device.path("signature").asText())))
        .isTrue();
  }

  @Test
  void aListContinuesToTheLimitAndIncludesAllSessionsOfTheLastTimestamp() throws Exception {
    answers =
        (_, params) -> {
          var payload = JSON.createObjectNode().put("hasMore", true);
          var rows = payload.putArray("sessions");
          int offset = params.path("offset").asInt();
          for (int n = offset; n < offset + params.path("limit").asInt(); n++) {
            // Every second session is a channel's. Eight numbers, four of them listed, share a
            // timestamp.
            var key = n % 2 == 0 ? "agent:main:s" + n : "agent:main:telegram:" + n;
            rows.addObject().put("key", key).put("lastActivityAt", 1_000_000 - n / 8);
          }
          return payload;
        };
    var found = sessions().list(gateway(), session -> !session.id().equals("s2"), 250);
    assertThat(found.stream().map(Session::id).distinct()).hasSameSizeAs(found);
    assertThat(found.stream().map(Session::id)).doesNotContain("s2").startsWith("s0", "s4", "s6");
    // Session 250 shares its timestamp with others; s501 is the last with it.
    var last = found.getLast().usedAt();
    assertThat(found.stream().filter(session -> session.usedAt().equals(last))).hasSize(4);
    assertThat(found.size()).isBetween(250, 253);
    assertThat(requests.stream().map(one -> one.at("/params/offset").asInt()))
        .containsExactly(0, 200, 400);
  }

  @Test
  void aHistoryHasTheMessagesNewestFirst() throws Exception {
    answers =
        (method, _) ->
            json(
                method.equals("sessions.describe")
                    ? """
                    {"session": {"key": "agent:main:_41nna", "updatedAt": 5000, "hasActiveRun": true,
                      "placement": {"createdAtMs": 3000}}}
                    """
                    : """
                    {"hasMore": true, "nextOffset": 9, "messages": [
                      {"role": "system", "content": "Reset", "__openclaw": {"kind": "reset", "seq": 1}},
                      {"role": "user", "content": "Hello", "timestamp": 4000, "__openclaw": {"seq": 2}},
                      {"role": "assistant", "__openclaw": {"seq": 3}, "content": [{"type": "toolCall", "name": "x"}]},
                      {"role": "assistant", "__openclaw": {"seq": 4}, "content": [
                        {"type": "text", "text": "Good"}, {"type": "image"}, {"type": "text", "text": "day"}]}]}
                    """);
    var history = sessions().history(gateway(), "Anna", 4, 5).orElseThrow();
    assertThat(history.session())
        .isEqualTo(
            new Session(
                "Anna", Optional.of(Instant.ofEpochMilli(3000)), Instant.ofEpochMilli(5000), true));
    assertThat(history.messages())
        .containsExactly(
            new Message(4, "assistant", "Good\nday", Optional.empty()),
            new Message(2, "user", "Hello", Optional.of(Instant.ofEpochMilli(4000))));
    assertThat(history.next()).contains(9);
    var params = requests.getLast().path("params");
    assertThat(params.path("sessionKey").asText()).isEqualTo("agent:main:_41nna");
    assertThat(params.path("offset").asInt()).isEqualTo(5);
    assertThat(params.path("limit").asInt()).isEqualTo(4);
  }

  @Test
  void aSessionIsEmptiedBeforeItIsDeleted() throws Exception {
    answers =
        (method, _) ->
            json(
                method.equals("sessions.describe")
                    ? "{\"session\": {\"key\": \"agent:main:a\", \"updatedAt\": 1}}"
                    : "{\"deleted\": true}");
    assertThat(sessions().delete(gateway(), "a")).isTrue();
    assertThat(requests.stream().map(one -> one.path("method").asText()))
        .containsExactly("sessions.describe", "sessions.reset", "sessions.delete");
  }

  @Test
  void theAgentsOwnSessionIsResetInsteadOfDeleted() throws Exception {
    answers = (_, _) -> json("{\"session\": {\"key\": \"agent:main:main\", \"updatedAt\": 1}}");
    assertThat(sessions().delete(gateway(), "main")).isTrue();
    assertThat(requests.stream().map(one -> one.path("method").asText()))
        .containsExactly("sessions.describe", "sessions.reset");
  }

  @Test
  void aResponseThatIsTooLongIsRejected() {
    var text = "x".repeat(200_000);
    answers = (_, _) -> JSON.createObjectNode().put("session", text);
    assertThat(why(() -> sessions().delete(gateway(), "a")))
        .isInstanceOf(AdminAnswer.NoAnswer.class);
  }

  @Test
  void aShortResponseWithTooManyTokensIsRejected() {
    var sessions = JSON.createArrayNode();
    for (int n = 0; n < 30_000; n++) sessions.addObject();
    answers = (_, _) -> JSON.createObjectNode().set("sessions", sessions);
    assertThat(why(() -> sessions().list(gateway(), _ -> true, 10)))
        .isInstanceOf(AdminAnswer.NoAnswer.class);
  }

  @Test
  void eventsOfAnySizeAreIgnored() throws Exception {
    eventText = "x".repeat(5_000_000);
    assertThat(sessions().delete(gateway(), "nobody")).isFalse();
  }

  @Test
  void aSilentGatewayTimesOut() {
    sendsChallenge = false;
    long begun = System.nanoTime();
    assertThat(why(() -> sessions("3s").history(gateway(), "a", 1, 0)))
        .isInstanceOf(AdminAnswer.NoAnswer.class);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void aMissingGatewayAndAWrongTokenAreReported() throws IOException {
    var wrong = stub.with(Secret.of("wrong"));
    assertThat(why(() -> sessions().delete(wrong, "a")))
        .isInstanceOf(AdminAnswer.TokenRefused.class);
    var gone = gateway();
    stub.stop();
    assertThat(why(() -> sessions().delete(gone, "a"))).isInstanceOf(AdminAnswer.NoAnswer.class);
  }

  private static AdminAnswer why(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    var thrown = new ArrayList<AdminAnswer>();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(UnansweredException.class, e -> thrown.add(e.why()));
    return thrown.getFirst();
  }

  private OpenClawSessions sessions() {
    return sessions("30s");
  }

  private OpenClawSessions sessions(String limit) {
    var settings =
        OpenClawSettings.of(
            ConfigFactory.parseMap(
                    Map.of(
                        "chowder.openclaw.conversation-timeout",
                        limit,
                        "chowder.openclaw.responses.others.max-bytes",
                        "100000"))
                .withFallback(ConfigFactory.load()));
    var clients = stub.clients(settings, Duration.ofSeconds(20));
    return new OpenClawSessions(clients.conversations(), settings.sessions());
  }

  private Gateway gateway() {
    return stub.with(TOKEN);
  }

  private void handle(FakeHttp.Exchange exchange) throws IOException {
    if (exchange.requestsSocket()) {
      exchange.accept(new Conversation());
      return;
    }
    assertThat(exchange.header("authorization")).isEqualTo("Bearer the-token");
    var call = JSON.readTree(exchange.body());
    assertThat(call.path("method").asText()).isEqualTo("device.pair.approve");
    approved.add(call.at("/params/requestId").asText());
    exchange.send(
        200, "application/json", "{\"ok\":true,\"payload\":{}}".getBytes(StandardCharsets.UTF_8));
  }

  private final class Conversation implements FakeSocket.Listener {
    @Override
    public void opened(FakeSocket socket) throws IOException {
      if (!sendsChallenge) return;
      socket.send(
          """
          {"type":"event","event":"connect.challenge","payload":{"nonce":"a-nonce","ts":1700}}
          """);
    }

    @Override
    public void received(FakeSocket socket, String text) throws IOException {
      var request = JSON.readTree(text);
      var answer = JSON.createObjectNode().put("type", "res");
      answer.put("id", request.path("id").asText());
      // Other messages, which Chowder ignores.
      socket.send("{\"type\":\"event\",\"event\":\"health\",\"payload\":\"" + eventText + "\"}");
      socket.send("no JSON at all");
      if (request.path("method").asText().equals("connect")) {
        connect(request.path("params"), answer);
      } else {
        requests.add(request);
        answer.put("ok", true);
        answer.set(
            "payload", answers.apply(request.path("method").asText(), request.path("params")));
      }
      socket.send(answer.toString());
    }
  }

  private void connect(JsonNode params, ObjectNode answer) {
    connects.add(params);
    boolean right = params.at("/auth/token").asText().equals(TOKEN.reveal());
    boolean known = !approved.isEmpty();
    answer.put("ok", right && known);
    if (right && known) return;
    var error = answer.putObject("error").put("code", "REFUSED").put("message", "no");
    if (right) {
      error.putObject("details").put("code", "PAIRING_REQUIRED").put("requestId", "the-request");
    } else {
      error.putObject("details").put("code", "AUTH_TOKEN_MISMATCH");
    }
  }
}
