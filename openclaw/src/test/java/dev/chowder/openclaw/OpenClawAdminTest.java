package dev.chowder.openclaw;

import static dev.chowder.openclaw.config.MergePatchTest.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.Issue;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpenClawAdminTest {
  private static final Secret TOKEN = Secret.of("the-token");

  private final List<JsonNode> calls = Collections.synchronizedList(new ArrayList<>());
  private final List<String> headers = Collections.synchronizedList(new ArrayList<>());
  private final List<Reply> replies = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch hold = new CountDownLatch(1);
  private final HttpClient http = HttpClient.newHttpClient();
  private final GatewayResponses responses =
      new GatewayResponses(OpenClawSettings.of(ConfigFactory.load()).responses());
  private final OpenClawAdmin admin = new OpenClawAdmin(http, Duration.ofSeconds(20), responses);
  private HttpServer server;
  private SandboxEndpoint gateway;

  private record Reply(int status, String body) {}

  /** The gateway receives the call and never responds. */
  private static final Reply SILENCE = new Reply(0, "");

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/api/v1/admin/rpc",
        exchange -> {
          headers.addAll(exchange.getRequestHeaders().keySet());
          headers.add(exchange.getRequestHeaders().getFirst("authorization"));
          calls.add(OpenClawConfig.JSON.readTree(exchange.getRequestBody()));
          var reply = replies.isEmpty() ? SILENCE : replies.removeFirst();
          if (reply.equals(SILENCE)) {
            try {
              hold.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            exchange.close();
            return;
          }
          var bytes = reply.body().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(reply.status(), bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    gateway = new SandboxEndpoint("127.0.0.1", server.getAddress().getPort());
  }

  @AfterEach
  void stop() {
    hold.countDown();
    server.stop(0);
    http.close();
  }

  @Test
  void aCallHasTheTokenAndNoForwardingHeaders() throws Exception {
    reply(200, "{'ok': true, 'payload': {'status': 'ok'}}");
    assertThat(admin.health(gateway, TOKEN)).isEqualTo(new Done(json("{'status': 'ok'}")));
    assertThat(headers).contains("Bearer the-token");
    assertThat(headers)
        .noneMatch(name -> name.toLowerCase(Locale.ROOT).matches("(x-)?forwarded.*|x-real-ip|via"));
    assertThat(calls.getFirst()).isEqualTo(json("{'method': 'health', 'params': {}}"));
  }

  @Test
  void aRejectionHasTheErrorsAndTheirPaths() throws Exception {
    reply(400, invalid("agents.defaults", "Unrecognized key"));
    assertThat(admin.config(gateway, TOKEN))
        .isEqualTo(
            new Refused(
                "INVALID_REQUEST",
                "invalid config",
                List.of(new Issue("agents.defaults", "Unrecognized key"))));
  }

  @Test
  void aWrongTokenABusyGatewayAndAMissingInterfaceAreDistinguished() throws Exception {
    reply(401, "{'error': {'message': 'Unauthorized', 'type': 'unauthorized'}}");
    assertThat(admin.health(gateway, TOKEN)).isInstanceOf(TokenRefused.class);
    reply(503, "{'ok': false, 'error': {'code': 'UNAVAILABLE', 'message': 'draining'}}");
    assertThat(admin.health(gateway, TOKEN)).isEqualTo(new Busy("draining"));
    reply(404, "{}");
    assertThat(admin.health(gateway, TOKEN)).isInstanceOf(NoAnswer.class);
    reply(200, "<html>");
    assertThat(admin.health(gateway, TOKEN)).isInstanceOf(NoAnswer.class);
  }

  @Test
  void aResponseThatIsTooLargeIsNoAnswer() throws Exception {
    reply(200, "{'ok': true, 'payload': '" + "x".repeat(300_000) + "'}");
    assertThat(admin.health(gateway, TOKEN)).isInstanceOf(NoAnswer.class);
  }

  @Test
  void aCallOfAGatewayThatDoesNotRespondTimesOut() throws Exception {
    // Long enough for the call to arrive on a busy machine.
    var withShortLimit = new OpenClawAdmin(http, Duration.ofSeconds(2), responses);
    assertThat(withShortLimit.health(gateway, TOKEN)).isInstanceOf(NoAnswer.class);
    assertThat(calls).hasSize(1);
  }

  @Test
  void aShortTextWithALargeTreeIsNoAnswerAndTakesLittleMemory() throws Exception {
    replies.add(new Reply(200, ok("[{}" + ",{}".repeat(2_700_000) + "]")));
    replies.add(new Reply(200, ok("[{}" + ",{}".repeat(1_300_000) + "]")));
    replies.add(new Reply(200, ok("[{}" + ",{}".repeat(60_000) + "]")));
    long allocated = allocated();
    assertThat(admin.config(gateway, TOKEN))
        .isEqualTo(new NoAnswer("the response exceeds 4194304 bytes"));
    assertThat(admin.config(gateway, TOKEN))
        .isEqualTo(new NoAnswer("the response exceeds 100000 tokens or 64 levels"));
    assertThat(admin.health(gateway, TOKEN))
        .isEqualTo(new NoAnswer("the response exceeds 5000 tokens or 64 levels"));
    System.out.printf(
        "three responses of [{},{},...]: %d KiB allocated%n", (allocated() - allocated) >> 10);
    assertThat(allocated() - allocated).isLessThan(8L << 20);
    assertThat(responses.heldBytes()).isZero();
  }

  private static String ok(String payload) {
    return "{\"ok\":true,\"payload\":" + payload + "}";
  }

  private static long allocated() {
    return ManagementFactory.getPlatformMXBean(com.sun.management.ThreadMXBean.class)
        .getCurrentThreadAllocatedBytes();
  }

  @Test
  void aRefusedConnectionIsNoAnswer() throws Exception {
    // The port is bound, so that no other process listens on it.
    try (var closed = new Socket()) {
      closed.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      assertThat(admin.health(new SandboxEndpoint("127.0.0.1", closed.getLocalPort()), TOKEN))
          .isInstanceOf(NoAnswer.class);
    }
  }

  @Test
  void aPatchNamesTheHashAndTheArraysThatItReplaces() throws Exception {
    reply(200, snapshot("h1", "{'a': {'list': [1], 'deep': {'more': []}}, 'b': [1]}"));
    reply(200, "{'ok': true, 'payload': {}}");
    var patch = json("{'a': null, 'b': [2], 'c': {'d': [1]}, 'e': 1}");
    assertThat(admin.patchConfig(gateway, TOKEN, List.of(patch))).isInstanceOf(Done.class);
    var params = calls.get(1).get("params");
    assertThat(params.get("baseHash").asText()).isEqualTo("h1");
    assertThat(json(params.get("raw").asText())).isEqualTo(patch);
    assertThat(params.get("replacePaths"))
        .isEqualTo(json("{'x': ['a.deep.more', 'a.list', 'b', 'c.d']}").get("x"));
  }

  @Test
  void aPatchIsRepeatedAfterAnotherWriterChangedTheFile() throws Exception {
    reply(200, snapshot("h1", "{}"));
    reply(400, stale());
    reply(200, snapshot("h2", "{}"));
    reply(200, "{'ok': true, 'payload': {}}");
    assertThat(admin.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isInstanceOf(Done.class);
    assertThat(calls.get(3).at("/params/baseHash").asText()).isEqualTo("h2");
  }

  @Test
  void aPatchWithoutAResponseIsSentAgain() throws Exception {
    var withShortLimit = new OpenClawAdmin(http, Duration.ofSeconds(6), responses);
    reply(200, snapshot("h1", "{}"));
    replies.add(SILENCE);
    reply(200, snapshot("h2", "{'a': 1}"));
    reply(200, "{'ok': true, 'payload': {}}");
    assertThat(withShortLimit.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isInstanceOf(Done.class);
    assertThat(calls.get(3).at("/params/baseHash").asText()).isEqualTo("h2");
    var sent = json(calls.get(3).at("/params/raw").asText());
    assertThat(sent.path("a").asInt()).isEqualTo(1);
    assertThat(Instant.parse(sent.at("/wizard/lastRunAt").asText()))
        .isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
  }

  @Test
  void aPatchWithAResponseThatCannotBeReadIsNotSentAgain() throws Exception {
    reply(200, snapshot("h1", "{}"));
    reply(200, "<html>");
    assertThat(admin.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isInstanceOf(NoAnswer.class);
    assertThat(calls).hasSize(2);
  }

  @Test
  void aPatchThatNeverGetsAResponseIsNotSentAThirdTime() throws Exception {
    var withShortLimit = new OpenClawAdmin(http, Duration.ofSeconds(3), responses);
    for (int i = 0; i < 2; i++) {
      reply(200, snapshot("h1", "{}"));
      replies.add(SILENCE);
    }
    assertThat(withShortLimit.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isEqualTo(new NoAnswer("the gateway did not respond to config.patch within 2 s"));
    assertThat(calls).hasSize(4);
  }

  @Test
  void aPatchThatTheFileHasIsDoneWhenTheGatewayUsesIt() throws Exception {
    reply(200, snapshot("h1", "{'a': 1}"));
    reply(200, "{'ok': true, 'payload': {'noop': true}}");
    reply(200, revision("r2", "r1"));
    reply(200, revision("r2", "r2"));
    assertThat(admin.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isInstanceOf(Done.class);
    assertThat(calls).hasSize(4);
  }

  @Test
  void anEmptyPatchIsDoneWhenTheGatewayUsesTheFile() throws Exception {
    reply(200, snapshot("h1", "{}"));
    reply(200, revision("r2", "r1"));
    reply(200, revision("r2", "r2"));
    assertThat(admin.changeConfig(gateway, TOKEN, _ -> OpenClawConfig.JSON.createObjectNode()))
        .isInstanceOf(Done.class);
    assertThat(calls).hasSize(3);
  }

  @Test
  void aGatewayThatNeverAppliesAChangeIsBusy() throws Exception {
    // One call may take as long on a busy machine.
    var withShortLimit = new OpenClawAdmin(http, Duration.ofSeconds(2), responses);
    reply(200, snapshot("h1", "{'a': 1}"));
    reply(200, "{'ok': true, 'payload': {'noop': true}}");
    for (int i = 0; i < 20; i++) reply(200, revision("r2", "r1"));
    assertThat(withShortLimit.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isInstanceOf(Busy.class);
  }

  @Test
  void anInvalidFileIsNotWaitedFor() throws Exception {
    reply(200, snapshot("h1", "{}"));
    reply(200, "{'ok': true, 'payload': {'configRevisionHash': null, 'appliedConfigHash': 'r1'}}");
    assertThat(admin.changeConfig(gateway, TOKEN, _ -> OpenClawConfig.JSON.createObjectNode()))
        .isInstanceOf(Done.class);
  }

  @Test
  void repeatedConflictsEndInARejection() throws Exception {
    for (int i = 0; i < 6; i++) {
      reply(200, snapshot("h" + i, "{}"));
      reply(400, stale());
    }
    assertThat(admin.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"))))
        .isInstanceOf(Refused.class);
    assertThat(calls).hasSize(12);
  }

  @Test
  void aRejectedPatchStopsTheLaterOnes() throws Exception {
    reply(200, snapshot("h1", "{}"));
    reply(400, invalid("a", "no"));
    assertThat(admin.patchConfig(gateway, TOKEN, List.of(json("{'a': 1}"), json("{'b': 1}"))))
        .isInstanceOf(Refused.class);
    assertThat(calls).hasSize(2);
  }

  @Test
  void onlyControlUisAreApproved() throws Exception {
    reply(
        200,
        """
        {'ok': true, 'payload': {'paired': [], 'pending': [
          {'requestId': 'r1', 'clientId': 'openclaw-control-ui', 'role': 'operator'},
          {'requestId': 'r2', 'clientId': 'some-phone', 'role': 'node'},
          {'requestId': 'r3', 'clientId': 'openclaw-control-ui', 'role': 'node'},
          {'requestId': 'r4', 'clientId': 'openclaw-control-ui', 'role': 'operator'}]}}
        """);
    reply(200, "{'ok': true, 'payload': {}}");
    reply(400, invalid("", "unknown requestId"));
    assertThat(admin.approveControlUis(gateway, TOKEN)).isEqualTo(1);
    assertThat(calls.stream().skip(1).map(call -> call.at("/params/requestId").asText()))
        .containsExactly("r1", "r4");
  }

  private void reply(int status, String body) throws Exception {
    replies.add(new Reply(status, body.startsWith("{") ? strict(body) : body));
  }

  private static String strict(String body) throws Exception {
    return OpenClawConfig.JSON.readTree(body).toString();
  }

  private static String snapshot(String hash, String config) throws Exception {
    ObjectNode payload = json("{}").put("hash", hash);
    payload.set("sourceConfig", json(config));
    return json("{'ok': true}").set("payload", payload).toString();
  }

  private static String revision(String written, String applied) {
    return "{'ok': true, 'payload': {'configRevisionHash': '%s', 'appliedConfigHash': '%s'}}"
        .formatted(written, applied);
  }

  private static String stale() {
    return "{'ok': false, 'error': {'code': 'INVALID_REQUEST', 'message':"
        + " 'config changed since last load; re-run config.get and retry'}}";
  }

  private static String invalid(String path, String message) {
    return "{'ok': false, 'error': {'code': 'INVALID_REQUEST', 'message': 'invalid config',"
        + " 'details': {'issues': [{'path': '%s', 'message': '%s'}]}}}".formatted(path, message);
  }
}
