package dev.chowder.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.KeyAuthenticator;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.auth.RejectionDelay;
import dev.chowder.server.auth.UnknownLimit;
import dev.chowder.server.auth.UnknownSettings;
import dev.chowder.server.rate.BodyLimit;
import dev.chowder.settings.SettingsBinder;
import io.envoyproxy.envoy.service.auth.v3.AttributeContext;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.envoyproxy.envoy.service.auth.v3.CheckResponse;
import io.grpc.stub.StreamObserver;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Tests the check of a key before a body, with the limits of {@code reference.conf}. No bytes
 * become available again during a test.
 */
class EnvoyAuthorizationServiceTest {
  private static final String KEY = "Bearer chd_org_valid";
  private static final int IN_A_ROW = 64;

  /**
   * How many bodies of unknown length are accepted at once. Each counts as 4 MiB and its request as
   * 16 KiB, so 32 exceed the 128 MiB.
   */
  private static final int UNKNOWN_AT_ONCE = 31;

  private final EnvoyAuthorizationService questions =
      questions(_ -> Optional.of(new Caller("organization", "key")));

  private static EnvoyAuthorizationService questions(KeyAuthenticator keys) {
    var config =
        ConfigFactory.parseMap(Map.of("chowder.bodies.bytes-per-second", 1))
            .withFallback(ConfigFactory.load());
    var unknown = SettingsBinder.bind(config, UnknownSettings.class);
    var delay = new RejectionDelay(Duration.ofMillis(1), 1);
    return new EnvoyAuthorizationService(
        new KeyCheck(keys, _ -> {}, unknown, delay),
        new BodyLimit(SettingsBinder.bind(config, BodyLimit.Settings.class), delay),
        new GatewayAuthorization(
            (_, _) -> {
              throw new AssertionError("no gateway");
            },
            (_, _, _, _) -> Optional.empty(),
            "localhost",
            _ -> {},
            new UnknownLimit<>("hosts", unknown, delay)));
  }

  @Test
  void callsWithoutABodyAreNotRejectedOnHttp1() {
    for (int n = 0; n < IN_A_ROW; n++) {
      assertThat(status(questions, "HTTP/1.1", Map.of(), Map.of())).as("call %d", n).isEqualTo(200);
    }
  }

  @Test
  void callsThatTakeNoBodyAreNotRejectedOnHttp2() {
    for (int n = 0; n < IN_A_ROW; n++) {
      assertThat(status(questions, "HTTP/2", Map.of(), Map.of("max_body_bytes", "278528")))
          .as("call %d", n)
          .isEqualTo(200);
    }
  }

  @Test
  void bodiesOfUnknownLengthCountWithEnvoysMaximum() {
    for (var call :
        List.of(
            Map.entry("HTTP/1.1", Map.of("transfer-encoding", "chunked")),
            Map.entry("HTTP/2", Map.<String, String>of()))) {
      var fresh = questions(_ -> Optional.of(new Caller("organization", "key")));
      for (int n = 0; n < UNKNOWN_AT_ONCE; n++) {
        assertThat(status(fresh, call.getKey(), call.getValue(), Map.of())).isEqualTo(200);
      }
      assertThat(status(fresh, call.getKey(), call.getValue(), Map.of())).isEqualTo(429);
    }
  }

  @Test
  void aDatabaseOutageIsNotAnInternalError() {
    var without =
        questions(
            _ -> {
              throw new IllegalStateException(
                  new SQLTransientConnectionException("no connection in time"));
            });
    var denied =
        check(without, "HTTP/1.1", Map.of("content-length", "2"), Map.of()).getDeniedResponse();
    assertThat(denied.getStatus().getCodeValue()).isEqualTo(503);
    assertThat(denied.getBody()).contains("SERVER_UNAVAILABLE");
    assertThat(denied.getHeadersList())
        .anySatisfy(
            header -> {
              assertThat(header.getHeader().getKey()).isEqualTo("retry-after");
              assertThat(header.getHeader().getValue()).isEqualTo("5");
            });
  }

  private static int status(
      EnvoyAuthorizationService questions,
      String protocol,
      Map<String, String> headers,
      Map<String, String> extensions) {
    var response = check(questions, protocol, headers, extensions);
    return response.hasOkResponse() ? 200 : response.getDeniedResponse().getStatus().getCodeValue();
  }

  private static CheckResponse check(
      EnvoyAuthorizationService questions,
      String protocol,
      Map<String, String> headers,
      Map<String, String> extensions) {
    var sent = new HashMap<>(headers);
    sent.put("authorization", KEY);
    var attributes = AttributeContext.newBuilder().putContextExtensions("check", "api_key");
    attributes.putAllContextExtensions(extensions);
    attributes
        .getSourceBuilder()
        .getAddressBuilder()
        .getSocketAddressBuilder()
        .setAddress("192.0.2.1");
    attributes.getRequestBuilder().getHttpBuilder().setProtocol(protocol).putAllHeaders(sent);
    var responses = new ArrayList<CheckResponse>();
    questions.check(
        CheckRequest.newBuilder().setAttributes(attributes).build(),
        new StreamObserver<>() {
          @Override
          public void onNext(CheckResponse response) {
            responses.add(response);
          }

          @Override
          public void onError(Throwable thrown) {
            throw new AssertionError(thrown);
          }

          @Override
          public void onCompleted() {}
        });
    return responses.getFirst();
  }
}
