package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import dev.chowder.api.v1.CreateResponseRequest;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.gateway.GatewayDirectory;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the limits of a response from a gateway: time, memory and number. */
class ResponsesTest {
  private static final int BLOCK = 64 * 1024;
  private static final long WHOLE_ANSWER = 80L << 20;

  /**
   * More than all sockets and windows on the way hold together, and less than the complete
   * response.
   */
  private static final long ON_THE_WAY = 64L << 20;

  private final String id = Ids.next();

  /** Lets a waiting gateway continue. */
  private final CountDownLatch release = new CountDownLatch(1);

  @TempDir private Path folder;
  private StubGateway gateway;
  private Edge edge;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    gateway = new StubGateway();
    open("1m", "1m", 1);
  }

  /** Opens another edge with these limits. */
  private void reopen(String firstByteTimeout, String idleTimeout, int maxOpen) throws IOException {
    close();
    open(firstByteTimeout, idleTimeout, maxOpen);
  }

  private void open(String firstByteTimeout, String idleTimeout, int maxOpen) throws IOException {
    edge =
        new Edge(
            folder,
            Map.of(
                "chowder.responses.first-byte-timeout",
                firstByteTimeout,
                "chowder.responses.idle-timeout",
                idleTimeout,
                "chowder.responses.max-open",
                maxOpen));
    edge.place(id, gateway.address());
    channel =
        NettyChannelBuilder.forAddress(Edge.loopback(edge.grpc.port())).usePlaintext().build();
  }

  @AfterEach
  void stop() {
    release.countDown();
    close();
    gateway.close();
  }

  private void close() {
    channel.shutdownNow();
    edge.close();
  }

  @Test
  void aSilentGatewayTimesOut() throws Exception {
    reopen("1500ms", "1m", 1);
    gateway.behave(this::sendTheRestWhenReleased);
    assertThat(failure(answer())).isEqualTo(Reason.NO_ANSWER_IN_TIME.name());
    assertTheGatewayConnectionIsClosed();
  }

  @Test
  void aResponseThatStallsTimesOut() throws Exception {
    // The timeout of the first byte is also the first check whether bytes arrive.
    reopen("6s", "2s", 1);
    gateway.behave(
        exchange -> {
          begin(exchange, "application/json", "{\"half\":");
          sendTheRestWhenReleased(exchange);
        });
    var answer = answer();
    assertThat(answer.next().getData().toStringUtf8()).isEqualTo("{\"half\":");
    assertThat(failure(answer)).isEqualTo(Reason.NO_ANSWER_IN_TIME.name());
    assertTheGatewayConnectionIsClosed();
  }

  @Test
  void eventsThatStallEndWithAnErrorEvent() throws Exception {
    reopen("6s", "2s", 1);
    gateway.behave(
        exchange -> {
          begin(exchange, "text/event-stream", "data: 1\n\n");
          sendTheRestWhenReleased(exchange);
        });
    var answer = answer();
    assertThat(answer.next().getData().toStringUtf8()).isEqualTo("data: 1\n\n");
    assertThat(answer.next().getData().toStringUtf8())
        .startsWith("\n\nevent: error\ndata: {")
        .contains(Reason.NO_ANSWER_IN_TIME.name());
    assertThat(answer.hasNext()).isFalse();
    assertTheGatewayConnectionIsClosed();
  }

  @Test
  @Tag("slow")
  void aResponseThatMakesProgressMayTakeLongerThanTheTimeout() throws Exception {
    reopen("6s", "6s", 1);
    gateway.behave(
        exchange -> {
          begin(exchange, "text/event-stream", "data: 0\n\n");
          // Together longer than the limit, each well below it.
          for (int n = 1; n <= 4; n++) {
            await(1800);
            exchange
                .getResponseBody()
                .write("data: %d\n\n".formatted(n).getBytes(StandardCharsets.US_ASCII));
            exchange.getResponseBody().flush();
          }
        });
    var text = new StringBuilder();
    answer().forEachRemaining(part -> text.append(part.getData().toStringUtf8()));
    assertThat(text).endsWith("data: 4\n\n").doesNotContain("error");
  }

  @Test
  @Tag("slow")
  void callsAreRetriedAFewTimesDuringATokenReplacement() throws Exception {
    gateway.behave(
        exchange -> {
          var token = exchange.getRequestHeaders().getFirst("authorization");
          StubGateway.reply(
              exchange, token.equals("Bearer the-next") ? 200 : 401, "application/json", "{}");
        });
    // The first call may hold its permit a moment longer than its response.
    reopen("1m", "1m", 2);
    edge.place(id, gateway.address(), "the-next");
    assertThat(answer().next().getData().toStringUtf8()).isEqualTo("{}");
    assertThat(gateway.seen).hasSize(2);

    edge.place(id, gateway.address(), "neither");
    assertThat(failure(answer())).isEqualTo(Reason.GATEWAY_UNAVAILABLE.name());
    assertThat(gateway.seen).hasSize(2 + 1 + GatewayDirectory.MAX_REPETITIONS);
  }

  @Test
  void aMessageThatTheAgentDidNotStartBeforeATokenReplacementIsResent() {
    gateway.behave(
        exchange -> {
          if (gateway.seen.size() < 3) {
            StubGateway.reply(
                exchange, 403, "application/json", failed("Gateway requester authority changed"));
          } else {
            StubGateway.reply(exchange, 200, "application/json", "{}");
          }
        });
    assertThat(answer().next().getData().toStringUtf8()).isEqualTo("{}");
    assertThat(gateway.seen).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403})
  void anErrorOfTheAgentsModelIsReturnedWithoutARetry(int status) {
    String said = failed("Incorrect API key provided.");
    gateway.behave(exchange -> StubGateway.reply(exchange, status, "application/json", said));
    var answer = answer();
    assertThat(answer.next().getData().toStringUtf8()).isEqualTo(said);
    assertThat(answer.hasNext()).isFalse();
    assertThat(gateway.seen).hasSize(1);
  }

  @Test
  void aForbiddenTokenIsNotRetried() {
    gateway.behave(
        exchange -> StubGateway.reply(exchange, 403, "application/json", "{\"ok\":false}"));
    assertThat(failure(answer())).isEqualTo(Reason.GATEWAY_UNAVAILABLE.name());
    assertThat(gateway.seen).hasSize(1);
  }

  @Test
  void anEndlessErrorResponseTimesOut() throws Exception {
    gateway.behave(
        exchange -> {
          exchange.sendResponseHeaders(403, 0);
          sendTheRestWhenReleased(exchange);
        });
    release.countDown();
    assertThat(failure(answer())).isEqualTo(Reason.GATEWAY_UNAVAILABLE.name());
    assertTheGatewayConnectionIsClosed();
  }

  private static String failed(String message) {
    return "{\"object\":\"response\",\"status\":\"failed\",\"error\":{\"message\":\"%s\"}}"
        .formatted(message);
  }

  @Test
  void aGatewayThatBrieflyRejectsItsOnlyTokenIsRetried() {
    gateway.behave(
        exchange ->
            StubGateway.reply(
                exchange, gateway.seen.size() < 3 ? 401 : 200, "application/json", "{}"));
    assertThat(answer().next().getData().toStringUtf8()).isEqualTo("{}");
    assertThat(gateway.seen).hasSize(3);
  }

  @Test
  void aCallerThatReadsNothingSlowsTheGatewayDown() throws Exception {
    var sent = new AtomicLong();
    gateway.behave(
        exchange -> {
          exchange.getResponseHeaders().set("content-type", "application/octet-stream");
          exchange.sendResponseHeaders(200, 0);
          var block = new byte[BLOCK];
          while (sent.get() < WHOLE_ANSWER) {
            exchange.getResponseBody().write(block);
            sent.addAndGet(BLOCK);
          }
        });
    // A blocking iterator requests one part, and the next one after the first was taken.
    var answer = answer();
    long received = answer.next().getData().size();
    long before;
    do {
      before = sent.get();
      await(400);
    } while (sent.get() > before);
    assertThat(sent.get()).isLessThan(ON_THE_WAY);
    while (answer.hasNext()) received += answer.next().getData().size();
    assertThat(received).isEqualTo(sent.get()).isGreaterThanOrEqualTo(WHOLE_ANSWER);
  }

  @Test
  void aResponseOverTheLimitIsRejectedUntilAnotherEnds() throws Exception {
    gateway.behave(
        exchange -> {
          begin(exchange, "text/event-stream", "data: 1\n\n");
          sendTheRestWhenReleased(exchange);
        });
    var first = Context.current().withCancellation();
    var parts = new ArrayList<HttpBody>();
    first.run(() -> parts.add(answer().next()));
    assertThat(parts).hasSize(1);
    assertThat(failure(answer())).isEqualTo(Reason.RATE_LIMITED.name());
    first.cancel(null);
    gateway.behave(exchange -> StubGateway.reply(exchange, 200, "application/json", "{}"));
    assertThat(firstAccepted()).isEqualTo("{}");
    // That call released its permit, too.
    assertThat(firstAccepted()).isEqualTo("{}");
  }

  /** Returns the first accepted response. A permit is free a moment after its call has ended. */
  private String firstAccepted() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        return answer().next().getData().toStringUtf8();
      } catch (StatusRuntimeException thrown) {
        assertThat(ChainTest.reason(thrown)).isEqualTo(Reason.RATE_LIMITED.name());
        assertThat(System.nanoTime()).as("no free permit").isLessThan(deadline);
      }
    }
  }

  private static void begin(HttpExchange exchange, String type, String text) throws IOException {
    exchange.getResponseHeaders().set("content-type", type);
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().write(text.getBytes(StandardCharsets.US_ASCII));
    exchange.getResponseBody().flush();
  }

  private void sendTheRestWhenReleased(HttpExchange exchange) throws IOException {
    await(20_000);
    if (exchange.getResponseCode() < 0) exchange.sendResponseHeaders(200, 0);
    while (true) {
      exchange.getResponseBody().write(new byte[BLOCK]);
      exchange.getResponseBody().flush();
    }
  }

  /** Writing to a closed connection fails. */
  private void assertTheGatewayConnectionIsClosed() throws InterruptedException {
    release.countDown();
    assertThat(gateway.callerWentAway.await(20, TimeUnit.SECONDS)).isTrue();
  }

  private void await(long millis) {
    try {
      var _ = release.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Iterator<HttpBody> answer() {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + Edge.KEY);
    return InstanceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createResponse(
            CreateResponseRequest.newBuilder()
                .setInstanceId(id)
                .setBody(
                    HttpBody.newBuilder().setData(ByteString.copyFromUtf8("{\"input\":\"x\"}")))
                .build());
  }

  private static String failure(Iterator<HttpBody> answer) {
    var thrown = catchThrowableOfType(StatusRuntimeException.class, answer::hasNext);
    assertThat(thrown).isNotNull();
    return ChainTest.reason(thrown);
  }
}
