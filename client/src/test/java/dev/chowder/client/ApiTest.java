package dev.chowder.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.api.v1.Instance;
import dev.chowder.client.EventStream.Part;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.Key;
import dev.chowder.client.context.TlsFiles;
import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests repetitions and errors against a server that fails on command. */
@Timeout(60)
class ApiTest {
  private static final String KEY = "the-key-of-the-caller";
  private static final Call KEYED = Call.post("/v1/instances").json("{}");
  private static final Call ONCE = Call.postOnce("/v1/instances/i/responses").json("{}");
  private static final Duration LONG = Duration.ofSeconds(30);

  private final List<Duration> pauses = new ArrayList<>();
  private final List<Api.Retry> retries = new ArrayList<>();
  private final List<Api.Exchange> exchanges = new ArrayList<>();
  private StubServer server;
  private Api api;

  @BeforeEach
  void start() throws IOException {
    server = StubServer.start();
    api = api(server.url());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aCallCarriesTheKeyAndItsParameters() {
    server.answers(200, "{}");
    var _ = api.send(Call.get("/v1/instances").with("name_prefix", "a b+c/ä&d"));
    var request = server.requests().getFirst();
    assertThat(request.target()).isEqualTo("/v1/instances?name_prefix=a%20b%2Bc%2F%C3%A4%26d");
    assertThat(request.headers()).containsEntry("Authorization", "Bearer " + KEY);
  }

  @Test
  void eachTryIsReported() {
    server.fails(503, "NO_CAPACITY").answers(200, "{}").neverAnswers();
    var call = Call.get("/v1/instances").with("page_size", "1");
    var _ = api.send(call);
    failure(call.within(Duration.ofMillis(100)), Kind.TIMED_OUT, "in time");
    assertThat(exchanges).extracting(Api.Exchange::status).containsExactly(503, 200, 0);
    assertThat(exchanges)
        .allSatisfy(one -> assertThat(one.method()).isEqualTo("GET"))
        .allSatisfy(one -> assertThat(one.target()).isEqualTo("/v1/instances?page_size=1"))
        .allSatisfy(one -> assertThat(one.time()).isPositive());
  }

  @Test
  void anErrorHasTheIdOfItsRequest() {
    server.fails(404, "INSTANCE_NOT_FOUND", "x-request-id", "0a-1b");
    server.fails(404, "INSTANCE_NOT_FOUND", "x-request-id", "0a \u009b");
    var call = Call.get("/v1/instances");
    assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> api.send(call))
        .satisfies(failure -> assertThat(failure.requestId()).isEqualTo("0a-1b"));
    assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> api.send(call))
        .satisfies(failure -> assertThat(failure.requestId()).isEmpty());
  }

  @Test
  void aPortWithoutTlsIsNamed() throws Exception {
    try (var plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var answering = Thread.ofVirtual().start(() -> rejectOne(plain));
      api = api(URI.create("https://127.0.0.1:" + plain.getLocalPort()));
      failure(Call.get("/v1/instances"), Kind.NO_TLS, "its port has no TLS");
      answering.join();
    }
  }

  /** Responds to a TLS handshake as Envoy does on a port without TLS. */
  private static void rejectOne(ServerSocket plain) {
    try (var connection = plain.accept()) {
      connection.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8));
      connection.getOutputStream().flush();
      var _ = connection.getInputStream().readAllBytes();
    } catch (IOException ended) {
      throw new UncheckedIOException(ended);
    }
  }

  @Test
  void allTriesOfAChangeHaveOneKey() {
    server.breaksConnection().fails(503, "SERVER_UNAVAILABLE").answers(201, "{\"id\": \"i\"}");
    assertThat(api.send(KEYED).json()).contains("\"i\"");
    assertThat(server.requests())
        .hasSize(3)
        .allSatisfy(
            request ->
                assertThat(request.headers())
                    .containsEntry("Idempotency-Key", KEYED.idempotencyKey()));
  }

  @Test
  void twoChangesHaveDifferentKeys() {
    assertThat(Call.post("/a").idempotencyKey()).isNotEqualTo(Call.post("/a").idempotencyKey());
  }

  @Test
  void aMessageToAnAgentIsNotSentAgain() {
    server.breaksConnection().answers(200, "{}");
    failure(ONCE, Kind.CONNECTION_LOST, "may have been executed");
    assertThat(server.requests()).hasSize(1);
    assertThat(server.requests().getFirst().headers()).doesNotContainKey("Idempotency-Key");
  }

  @Test
  void aMessageThatWasRejectedForItsRateIsSentAgain() {
    server.fails(429, "RATE_LIMITED", "Retry-After", "3").answers(200, "{}");
    var _ = api.send(ONCE);
    assertThat(pauses).containsExactly(Duration.ofSeconds(3));
    assertThat(retries).singleElement().extracting(Api.Retry::pause).isEqualTo(pauses.getFirst());
  }

  @Test
  void aConflictIsNotRepeated() {
    server.fails(409, "WRONG_STATE", "x-should-retry", "false").answers(200, "{}");
    rejected(409, "WRONG_STATE");
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aServerThatIsLateIsNotAskedAgain() {
    server.fails(504, "NO_ANSWER_IN_TIME", "x-should-retry", "false").answers(200, "{}");
    rejected(504, "NO_ANSWER_IN_TIME");
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void triesEnd() {
    for (int i = 0; i < Repetition.TRIES; i++) server.fails(503, "NO_CAPACITY");
    rejected(503, "NO_CAPACITY");
    assertThat(server.requests()).hasSize(Repetition.TRIES);
    assertThat(pauses).hasSize(Repetition.TRIES - 1);
  }

  @Test
  void aServerThatNeverAnswersEndsTheCall() {
    server.neverAnswers();
    // Long enough for the request to arrive on a busy machine.
    failure(KEYED.within(Duration.ofSeconds(3)), Kind.TIMED_OUT, "did not respond in time");
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aClosedPortIsTriedAgain() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    api = api(URI.create("http://127.0.0.1:" + port));
    failure(ONCE, Kind.UNREACHABLE, "accepts no connections");
    assertThat(pauses).hasSize(Repetition.TRIES - 1);
  }

  @Test
  void anUnknownHostIsNotTriedAgain() {
    api = api(URI.create("http://no-such-host.invalid"));
    failure(KEYED, Kind.UNKNOWN_HOST, "host name is unknown");
    assertThat(pauses).isEmpty();
  }

  @Test
  void aWrongKeyIsDeniedWithoutShowingIt() {
    server.fails(401, "KEY_INVALID");
    rejected(401, "KEY_INVALID");
  }

  @Test
  void anErrorOfAnotherServerIsExplained() {
    server.answers(404, "<html>\u001b[31m not Chowder</html>");
    failure(KEYED, Kind.REJECTED, "HTTP 404");
  }

  /** A redirect could send the key elsewhere. */
  @Test
  void aRedirectIsNotFollowed() {
    server.answers(302, "", "Location", server.url() + "/elsewhere").answers(200, "{}");
    failure(KEYED, Kind.REJECTED, "HTTP 302");
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void fieldsOfLaterVersionsAreIgnored() {
    server.answers(200, "{\"id\": \"i\", \"status\": \"levitating\", \"new_field\": {\"a\": [1]}}");
    var instance = api.send(Call.get("/v1/instances/i")).as(Instance.getDefaultInstance());
    assertThat(instance.getId()).isEqualTo("i");
    assertThat(instance.getStatus()).isEqualTo(Instance.Status.unspecified);
  }

  @Test
  void aResponseThatIsNoJsonIsAnError() {
    server.answers(200, "[".repeat(100_000));
    var reply = api.send(Call.get("/v1/instances/i"));
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> reply.as(Instance.getDefaultInstance()))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.UNREADABLE));
  }

  @Test
  void aResponseThatIsTooLargeIsAnError() {
    server.answers(200, " ".repeat((32 << 20) + 1));
    failure(Call.get("/v1/instances"), Kind.TOO_LARGE, "too large");
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aStreamDeliversItsEvents() {
    server.fails(503, "SERVER_UNAVAILABLE").streams("1", "2");
    try (var stream = api.stream(Call.get("/v1/watch"))) {
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("1"));
      assertThat(stream.poll(LONG)).isEqualTo(new Part.Data("2"));
      assertThat(stream.poll(LONG)).isEqualTo(new Part.End(null));
    }
    assertThat(server.requests()).hasSize(2);
  }

  @Test
  void aRejectedStreamHasTheErrorOfTheServer() {
    server.fails(404, "INSTANCE_NOT_FOUND");
    assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> api.stream(Call.get("/v1/watch")))
        .satisfies(rejected -> assertThat(rejected.reason()).isEqualTo("INSTANCE_NOT_FOUND"));
  }

  @Test
  void aPageIsReadAfterTheOther() {
    server
        .answers(200, "{\"instances\": [{\"id\": \"a\"}], \"next_page_token\": \"t\"}")
        .answers(200, "{\"instances\": [{\"id\": \"b\", \"new\": 1.50}]}");
    var paged = Paged.read(api, Call.get("/v1/instances"), "instances", 1000);
    assertThat(paged.json())
        .isEqualTo(
            "{\"instances\":[{\"id\":\"a\"},{\"id\":\"b\",\"new\":1.50}],\"next_page_token\":\"\"}");
    assertThat(server.requests().getLast().target()).contains("page_token=t", "page_size=100");
  }

  @Test
  void noMoreItemsAreReadThanTheLimit() {
    server.answers(200, "{\"instances\": [{\"id\": \"a\"}], \"next_page_token\": \"t\"}");
    var paged = Paged.read(api, Call.get("/v1/instances"), "instances", 1);
    assertThat(paged.hasMore()).isTrue();
    assertThat(server.requests()).singleElement().asString().contains("page_size=1");
  }

  @Test
  void aRepeatedDeleteKnowsThatTheFirstMayHaveWorked() {
    server.breaksConnection().fails(404, "INSTANCE_NOT_FOUND");
    assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> api.send(Call.delete("/v1/instances/i")))
        .satisfies(rejected -> assertThat(rejected.isOfRepeatedCall()).isTrue());
    server.fails(404, "INSTANCE_NOT_FOUND");
    assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> api.send(Call.delete("/v1/instances/i")))
        .satisfies(rejected -> assertThat(rejected.isOfRepeatedCall()).isFalse());
  }

  private void rejected(int status, String reason) {
    assertThatExceptionOfType(ApiException.class)
        .isThrownBy(() -> api.send(KEYED))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.REJECTED))
        .satisfies(failure -> assertThat(failure.status()).isEqualTo(status))
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo(reason))
        .satisfies(failure -> assertThat(failure.getMessage()).isEqualTo("m"));
  }

  private void failure(Call call, Kind code, String... words) {
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> api.send(call))
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(code))
        .satisfies(failure -> assertThat(failure.getMessage()).contains(words))
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain(KEY));
  }

  private Api api(URI url) {
    var context = Context.named("test", url, Key.of(KEY, "test"), TlsFiles.NONE);
    return new Api(context, retries::add, exchanges::add, pauses::add);
  }
}
