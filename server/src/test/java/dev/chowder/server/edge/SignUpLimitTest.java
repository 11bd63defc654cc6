package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc.OrganizationServiceBlockingStub;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests how often one client may sign up, and how the server identifies a client. */
class SignUpLimitTest {
  private static final int BURST = 3;

  @TempDir Path folder;
  private Edge edge;
  private ManagedChannel channel;
  private String token;

  @BeforeEach
  void start() throws IOException {
    // No sign-up becomes available again during a test.
    edge =
        new Edge(
            folder,
            Map.of("chowder.rate.sign-ups-per-hour", 1, "chowder.rate.sign-up-burst", BURST));
    channel =
        NettyChannelBuilder.forAddress(Edge.loopback(edge.grpc.port())).usePlaintext().build();
    token = Files.readString(Edge.envoyToken(folder)).strip();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    edge.close();
  }

  @Test
  void aSignUpOverTheLimitGetsRetryAfter() {
    var headers = new AtomicReference<Metadata>();
    var stub =
        stub(new Metadata())
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    for (int n = 1; n <= BURST; n++) {
      signUp(stub);
      assertThat(header(headers.get(), "x-ratelimit-limit")).isEqualTo("" + BURST);
      assertThat(header(headers.get(), "x-ratelimit-remaining")).isEqualTo("" + (BURST - n));
    }
    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> signUp(stub));
    assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(ChainTest.reason(refused)).isEqualTo("RATE_LIMITED");
    assertThat(Integer.parseInt(header(headers.get(), "retry-after"))).isBetween(3500, 3600);
    // Calls with a key do not count.
    var key = new Metadata();
    key.put(AuthInterceptor.AUTHORIZATION, "Bearer " + Edge.KEY);
    var _ = stub(key).getOrganization(GetOrganizationRequest.getDefaultInstance());
  }

  @Test
  void clientsOfEnvoyAreDistinguishedAndIpv6ByNetwork() {
    exhaust(from("192.0.2.1", token));
    signUp(stub(from("192.0.2.2", token)));
    signUp(stub(new Metadata()));
    exhaust(from("2001:db8:0:1::1", token));
    assertRejected(from("2001:db8:0:1:ffff::2", token));
    signUp(stub(from("2001:db8:0:2::1", token)));
  }

  @Test
  void withoutEnvoyAClientIsTheAddressOfItsConnection() {
    exhaust(new Metadata());
    assertRejected(from("192.0.2.1", "chd_envoy_wrong"));
    assertRejected(from("192.0.2.2", ""));
    var forwarded = new Metadata();
    forwarded.put(ascii("x-forwarded-for"), "192.0.2.3");
    forwarded.put(ascii("x-envoy-external-address"), "192.0.2.3");
    assertRejected(forwarded);
  }

  private void exhaust(Metadata headers) {
    for (int n = 0; n < BURST; n++) signUp(stub(headers));
    assertRejected(headers);
  }

  private void assertRejected(Metadata headers) {
    var refused = catchThrowableOfType(StatusRuntimeException.class, () -> signUp(stub(headers)));
    assertThat(refused).as("signed up with %s", headers).isNotNull();
    assertThat(ChainTest.reason(refused)).isEqualTo("RATE_LIMITED");
  }

  private static void signUp(OrganizationServiceBlockingStub stub) {
    var _ = stub.signUp(SignUpRequest.newBuilder().setName("me").build());
  }

  private OrganizationServiceBlockingStub stub(Metadata headers) {
    return OrganizationServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static Metadata from(String client, String token) {
    var headers = new Metadata();
    headers.put(ClientAddress.CLIENT, client);
    if (!token.isEmpty()) headers.put(EnvoyToken.HEADER, token);
    return headers;
  }

  private static String header(Metadata headers, String name) {
    return String.valueOf(headers.get(ascii(name)));
  }

  private static Metadata.Key<String> ascii(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
