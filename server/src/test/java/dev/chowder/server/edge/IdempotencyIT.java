package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests idempotency keys against the complete server. */
class IdempotencyIT {
  private static final int CREATES = 1000;
  private static final String BODY = "{\"name\":\"once\",\"model_provider\":\"custom\"}";

  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @BeforeAll
  static void signUp() throws IOException {
    SERVER.signUp("crab_key", "ok");
    SERVER.setTier("crab_key", "whale");
  }

  @Test
  void aThousandCreatesWithOneKeyCreateOneInstance() throws Exception {
    int before = count("crab_key");
    var answers = atOnce(() -> create("crab_key", "one-of-many", BODY));
    assertThat(answers).filteredOn(answer -> answer.status() != 201).isEmpty();
    assertThat(answers.stream().map(answer -> answer.json().get("id").asText()).distinct())
        .hasSize(1);
    assertThat(count("crab_key")).isEqualTo(before + 1);
  }

  @Test
  void theFirstResponseIsRepeatedAlsoAfterADeletionAndOverGrpc() throws IOException {
    var first = create("key", "again", BODY);
    var id = first.json().get("id").asText();
    var deleted = SERVER.call("key", RawHttp.Request.of("DELETE", "/v1/instances/" + id));
    assertThat(deleted.status()).isEqualTo(204);
    var again = create("key", "again", BODY);
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.body()).isEqualTo(first.body());
    assertThat(again.header("location")).contains("/v1/instances/" + id);
    ManagedChannel channel = NettyChannelBuilder.forAddress(SERVER.grpc()).usePlaintext().build();
    try {
      var headers = new Metadata();
      headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + SERVER.world().get("key"));
      headers.put(Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER), "again");
      var instance =
          InstanceServiceGrpc.newBlockingStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
              .createInstance(
                  CreateInstanceRequest.newBuilder()
                      .setName("once")
                      .setModelProvider("custom")
                      .build());
      assertThat(instance.getId()).isEqualTo(id);
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void anotherRequestWithTheKeyIsRejected() throws IOException {
    assertThat(create("key", "reused", BODY).status()).isEqualTo(201);
    check(
        create("key", "reused", "{\"name\":\"twice\",\"model_provider\":\"custom\"}"),
        Reason.IDEMPOTENCY_KEY_REUSED);
  }

  @Test
  void keysOfOrganizationsAreSeparate() throws IOException {
    var mine = create("key", "shared", BODY).json().get("id").asText();
    var theirs = create("crab_key", "shared", BODY).json().get("id").asText();
    assertThat(theirs).isNotEqualTo(mine);
  }

  @Test
  void anErrorOfTheCallerIsRepeated() throws IOException {
    var provisioning = SERVER.world().get("provisioning");
    var stop = keyed(WholeServer.post("/v1/instances/" + provisioning + "/stop"), "too-early");
    var first = SERVER.call("slow_key", stop);
    check(first, Reason.WRONG_STATE);
    assertThat(SERVER.call("slow_key", stop).body()).isEqualTo(first.body());
  }

  @Test
  void aRejectionForLackOfCapacityIsNotStored() throws IOException {
    SERVER.signUp("shrimp_key", "ok");
    var only = create("shrimp_key", "first", BODY).json().get("id").asText();
    check(create("shrimp_key", "second", BODY), Reason.INSTANCE_LIMIT_REACHED);
    assertThat(
            SERVER
                .call("shrimp_key", RawHttp.Request.of("DELETE", "/v1/instances/" + only))
                .status())
        .isEqualTo(204);
    assertThat(create("shrimp_key", "second", BODY).status()).isEqualTo(201);
  }

  @Test
  void aRepeatedVerbHasNoEffect() throws IOException {
    var id = create("crab_key", "for-a-verb", BODY).json().get("id").asText();
    var start = keyed(WholeServer.post("/v1/instances/" + id + "/start"), "start-it");
    awaitRunning(id);
    var first = SERVER.call("crab_key", start);
    assertThat(first.status()).isEqualTo(200);
    var stopped = SERVER.call("crab_key", WholeServer.post("/v1/instances/" + id + "/stop"));
    assertThat(stopped.status()).isEqualTo(200);
    assertThat(SERVER.call("crab_key", start).body()).isEqualTo(first.body());
    var now = SERVER.call("crab_key", RawHttp.Request.of("GET", "/v1/instances/" + id));
    assertThat(now.json().get("status").asText()).isEqualTo("stopped");
  }

  @Test
  void aResponseWithASecretIsNotRepeatedButItsIdIs() throws IOException {
    SERVER.signUp("rotating_key", "");
    var rotate = keyed(WholeServer.post("/v1/organization/rotate_key?grace=600"), "rotate-once");
    var first = SERVER.call("rotating_key", rotate);
    assertThat(first.status()).isEqualTo(200);
    SERVER.world().put("rotated_key", first.json().get("api_key").asText());
    var again = SERVER.call("rotating_key", rotate);
    check(again, Reason.ALREADY_DONE);
    assertThat(again.json().get("details").get(0).get("metadata").get("id").asText())
        .isEqualTo(first.json().get("key_id").asText());
    assertThat(again.body()).doesNotContain("chd_org_");
    var organization = RawHttp.Request.of("GET", "/v1/organization");
    assertThat(SERVER.call("rotated_key", organization).status()).isEqualTo(200);
    assertThat(SERVER.call("rotating_key", organization).status()).isEqualTo(200);
  }

  @Test
  void callsThatCannotBeRepeatedRejectAKey() throws IOException {
    var signUp = WholeServer.post("/v1/organization/signup").json("{\"name\":\"x\"}");
    check(SERVER.call("", keyed(signUp, "k")), Reason.INVALID_FIELD);
    var message =
        WholeServer.post("/v1/instances/" + SERVER.world().get("running") + "/responses")
            .json("{\"input\":\"x\"}");
    check(SERVER.call("key", keyed(message, "k")), Reason.INVALID_FIELD);
  }

  @Test
  void callsThatAreIdempotentAnywayIgnoreAKey() throws IOException {
    var list = keyed(RawHttp.Request.of("GET", "/v1/instances"), "k");
    assertThat(SERVER.call("key", list).status()).isEqualTo(200);
    assertThat(SERVER.call("key", list).status()).isEqualTo(200);
  }

  @Test
  void keysHaveALengthLimitAndASyntax() throws IOException {
    assertThat(create("key", "x".repeat(255), BODY).status()).isEqualTo(201);
    for (var bad : List.of("x".repeat(256), "a b", "ü")) {
      check(create("key", bad, BODY), Reason.INVALID_FIELD);
    }
  }

  private static RawHttp.Answer create(String key, String idempotencyKey, String body)
      throws IOException {
    return SERVER.call(key, keyed(WholeServer.post("/v1/instances").json(body), idempotencyKey));
  }

  private static RawHttp.Request keyed(RawHttp.Request request, String key) {
    return request.with("Idempotency-Key", key);
  }

  private static void awaitRunning(String id) throws IOException {
    var watch =
        RawHttp.Request.of("GET", "/v1/instances/" + id + "/watch")
            .with("Authorization", "Bearer " + SERVER.world().get("crab_key"));
    try (var exchange = RawHttp.open(SERVER.rest(), watch)) {
      exchange.head();
      String seen;
      do {
        seen = new String(exchange.chunk(), StandardCharsets.UTF_8);
      } while (!seen.isEmpty() && !seen.contains("\"status\":\"running\""));
    }
  }

  private static int count(String key) throws IOException {
    return SERVER
        .call(key, RawHttp.Request.of("GET", "/v1/organization"))
        .json()
        .get("instance_count")
        .asInt();
  }

  private static <T> List<T> atOnce(Callable<T> call) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var answers = new ArrayList<T>();
      for (Future<T> answer : threads.invokeAll(Collections.nCopies(CREATES, call))) {
        answers.add(answer.get());
      }
      return answers;
    }
  }

  private static void check(RawHttp.Answer answer, Reason reason) {
    RestErrors.check(answer, reason);
  }
}
