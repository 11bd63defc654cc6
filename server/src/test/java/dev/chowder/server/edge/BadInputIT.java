package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.error.ReasonFacts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Every bad request gets its documented status, code and reason in the documented format, gets no
 * other information, and has no effect.
 */
class BadInputIT {
  private static final String LIST = "chowder.v1.InstanceService/ListInstances";

  @RegisterExtension static final WholeServer SERVER = new WholeServer();
  private static ManagedChannel direct;
  private static ManagedChannel throughEnvoy;

  @BeforeAll
  static void connect() {
    direct = channel(SERVER.grpc());
    throughEnvoy = channel(SERVER.rest());
  }

  @AfterAll
  static void disconnect() {
    direct.shutdownNow();
    throughEnvoy.shutdownNow();
  }

  /** Returns all rows for REST. */
  static List<BadInput> rows() {
    return Stream.of(
            BadCreations.rows(),
            BadPaths.rows(),
            BadCallers.rows(),
            BadFiles.rows(),
            BadSkills.rows(),
            BadChannels.rows())
        .flatMap(List::stream)
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> overRest() {
    return rows().stream().map(row -> dynamicTest(row.what(), () -> check(row)));
  }

  @TestFactory
  Stream<DynamicTest> overGrpc() {
    return BadCalls.rows().stream()
        .flatMap(
            row ->
                Stream.of(
                    dynamicTest("directly: " + row.what(), () -> check(direct, row)),
                    dynamicTest("through Envoy: " + row.what(), () -> check(throughEnvoy, row))));
  }

  private static void check(BadInput row) throws IOException {
    var before = own();
    var answer = RawHttp.send(SERVER.rest(), row.request(SERVER.world()));
    RestErrors.check(
        answer, row.status(), ReasonFacts.of(row.reason()).code().value(), row.reason().name());
    Leaks.check(answer.headers().toString());
    assertThat(own()).as("instances after %s", row.what()).isEqualTo(before);
  }

  private static void check(ManagedChannel channel, BadCalls.BadCall row) {
    var headers = new Metadata();
    if (!row.authorization().isEmpty()) {
      headers.put(AuthInterceptor.AUTHORIZATION, SERVER.world().fill(row.authorization()));
    }
    var end = RawGrpc.call(channel, row.method(), row.request().apply(SERVER.world()), headers);
    assertThat(end.code()).as("code of %s", end).isEqualTo(ReasonFacts.of(row.reason()).code());
    assertThat(end.reasons()).as("reason in %s", end).containsExactly(row.reason().name());
    Leaks.check(end.message());
  }

  /** Returns the instances of the organization that most rows use, each with its revision. */
  private static List<String> own() throws IOException {
    var list = SERVER.call("key", RawHttp.Request.of("GET", "/v1/instances"));
    assertThat(list.status()).as(list.toString()).isEqualTo(200);
    return StreamSupport.stream(list.json().get("instances").spliterator(), false)
        .map(instance -> instance.get("id").asText() + " " + instance.get("revision"))
        .toList();
  }

  @Test
  void aWatcherOverTheLimitOfAnInstanceIsRejected() throws IOException {
    var watch =
        RawHttp.Request.of("GET", "/v1/instances/" + SERVER.world().get("running") + "/watch");
    try (var first =
        RawHttp.open(
            SERVER.rest(), watch.with("Authorization", "Bearer " + SERVER.world().get("key")))) {
      assertThat(first.head().status()).isEqualTo(200);
      assertThat(first.chunk()).isNotEmpty();
      RestErrors.check(SERVER.call("key", watch), 429, 8, Reason.RATE_LIMITED.name());
    }
  }

  @Test
  void rejectionsByTheTransportRevealNothing() throws IOException {
    for (var channel : List.of(direct, throughEnvoy)) {
      var huge = RawGrpc.call(channel, LIST, new byte[9_000_000], key());
      assertThat(huge.code()).as(huge.toString()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      var long20k = key();
      long20k.put(Metadata.Key.of("x-long", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(20_000));
      var headers = RawGrpc.call(channel, LIST, new byte[0], long20k);
      assertThat(headers.code()).as(headers.toString()).isEqualTo(Status.Code.INTERNAL);
      var twice = key();
      twice.merge(key());
      var keys = RawGrpc.call(channel, LIST, new byte[0], twice);
      assertThat(keys.reasons()).as(keys.toString()).containsExactly(Reason.KEY_INVALID.name());
      for (var end : List.of(huge, headers, keys)) Leaks.check(end.message());
    }
    assertThat(own()).isNotEmpty();
  }

  private static Metadata key() {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, SERVER.world().fill("Bearer {key}"));
    return headers;
  }

  private static ManagedChannel channel(InetSocketAddress to) {
    return NettyChannelBuilder.forAddress(to).usePlaintext().build();
  }
}
