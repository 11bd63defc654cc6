package dev.chowder.apidocs;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.chowder.api.v1.Rpc;
import dev.chowder.apidocs.EnvoyConfiguration.Route;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Tests that Envoy treats each call as the protocol declares. Reads the routes as Envoy does, and
 * not as {@link EnvoyRoutes} writes them.
 */
class EnvoyRoutesTest {
  private static final int DEFAULT_SECONDS = 15;

  /** Envoy's {@code stream_idle_timeout}, which also ends a call that takes longer. */
  private static final int IDLE_SECONDS = 60;

  private static final String KEY = "Bearer chd_org_abc";

  @Test
  void theRouteOfEachRpcHasTheDeclaredTimeoutAndRetries() throws IOException {
    var envoy = EnvoyConfiguration.read();
    assertThat(methods())
        .hasSizeGreaterThan(40)
        .allSatisfy(
            method -> {
              var rpc = RestCall.declared(method);
              for (boolean transcoded : new boolean[] {false, true}) {
                var route = envoy.grpcRoute(path(method), transcoded);
                assertThat(route.action("cluster")).isEqualTo("server");
                assertThat(route.action("timeout")).isEqualTo(timeout(rpc) + "s");
                assertThat(route.action("idle_timeout")).isEqualTo(idle(rpc));
                assertThat(route.action("retry_policy") != null).isEqualTo(rpc.getRetried());
                assertThat(route.keyCheck()).isEmpty();
              }
            });
  }

  /** People write the default in the last routes of the file and in the comment of the option. */
  @Test
  void theDefaultTimeoutWrittenByHandIsTheOneOfTheGenerator() throws IOException {
    var expected = EnvoyRoutes.DEFAULT_SECONDS + "s";
    var envoy = EnvoyConfiguration.read();
    assertThat(envoy.grpcRoute("/chowder.v1.AnyService/AnyRpc", false).action("timeout"))
        .isEqualTo(expected);
    for (var call : calls()) {
      if (isUpload(call)) continue;
      for (var length : List.of("0", "10")) {
        assertThat(route(envoy, call, Map.of("content-length", length)).action("timeout"))
            .as("%s with %s bytes", call, length)
            .isEqualTo(expected);
      }
    }
    assertThat(Path.of("..", "proto", "src", "main", "proto", "chowder", "v1", "options.proto"))
        .content()
        .contains("in seconds; %d if 0.".formatted(EnvoyRoutes.DEFAULT_SECONDS));
    assertThat(DEFAULT_SECONDS).isEqualTo(EnvoyRoutes.DEFAULT_SECONDS);
  }

  /** Otherwise the server would hold their messages while they arrive. */
  @Test
  void envoyBuffersRpcsThatNeedNoKeyAndNoOthers() throws IOException {
    var envoy = EnvoyConfiguration.read();
    for (var method : methods()) {
      boolean needsNoKey = RestCall.declared(method).getNeedsNoKey();
      var route = envoy.grpcRoute(path(method), false);
      assertThat(route.maxBytes())
          .as(path(method))
          .isEqualTo(needsNoKey ? "CHOWDER_MAX_EVENT_BYTES" : "");
      assertThat(arrival(route)).isEqualTo(needsNoKey ? "CHOWDER_EVENT_SECONDSs" : "");
      assertThat(envoy.grpcRoute(path(method), true).maxBytes()).as(path(method)).isEmpty();
    }
  }

  @Test
  void aCallWithABodyIsBufferedAfterACheckOfItsKey() throws IOException {
    var envoy = EnvoyConfiguration.read();
    for (var call : calls()) {
      var route = route(envoy, call, Map.of("content-length", "10"));
      var description = call.toString();
      if (isUpload(call)) {
        assertThat(route.maxBytes()).as(description).isEmpty();
        assertThat(route.keyCheck()).as(description).isEmpty();
        assertThat(arrival(route)).as(description).isEmpty();
        assertThat(route.action("timeout")).as(description).isEqualTo("0s");
        assertThat(route.action("idle_timeout")).as(description).isEqualTo(idle(call.declared()));
      } else if (call.needsKey()) {
        assertThat(route.maxBytes()).as(description).isEqualTo("CHOWDER_MAX_BODY_BYTES");
        assertThat(route.keyCheck()).as(description).isEqualTo(Map.of("check", "api_key"));
        assertThat(arrival(route)).as(description).isEqualTo("CHOWDER_BODY_SECONDSs");
      } else {
        assertThat(route.maxBytes())
            .as(description)
            .isEqualTo(
                call.declared().getRate() == Rpc.Rate.sign_up
                    ? "16384"
                    : "CHOWDER_MAX_EVENT_BYTES");
        assertThat(route.keyCheck()).as(description).isEmpty();
        assertThat(arrival(route)).as(description).isEqualTo("CHOWDER_EVENT_SECONDSs");
      }
    }
  }

  /** On HTTP/2 they would otherwise count as 4 MiB each ({@code chowder.bodies}). */
  @Test
  void aCallWithoutABodyMayHoldFewBytes() throws IOException {
    var envoy = EnvoyConfiguration.read();
    int without = 0;
    for (var call : calls()) {
      if (!call.needsKey() || isUpload(call)) continue;
      var route = route(envoy, call, Map.of());
      boolean read = call.verb().equals("GET") || call.verb().equals("DELETE");
      var expected = read ? "" : call.body().isEmpty() ? "16384" : "CHOWDER_MAX_BODY_BYTES";
      assertThat(route.maxBytes()).as(call.toString()).isEqualTo(expected);
      assertThat(route.keyCheck().get("max_body_bytes"))
          .as(call.toString())
          .isEqualTo(expected.equals("16384") ? "278528" : null);
      if (expected.equals("16384")) without++;
    }
    assertThat(without).isGreaterThan(5);
  }

  /** A page of another site can send only types that need no preflight request. */
  @Test
  void onlyUploadsMayHaveAnotherMediaTypeThanJson() throws IOException {
    var lua =
        EnvoyConfiguration.text(
            EnvoyConfiguration.object(
                EnvoyConfiguration.read().filter("envoy.filters.http.lua"), "default_source_code"),
            "inline_string");
    var expression = lua.lines().filter(line -> line.contains("local own_type = ")).findFirst();
    var patterns =
        Pattern.compile("string\\.find\\(path, \"([^\"]+)\"\\)")
            .matcher(expression.orElseThrow())
            .results()
            .map(found -> Pattern.compile(found.group(1)))
            .toList();
    assertThat(patterns).isNotEmpty();
    for (var call : calls()) {
      assertThat(patterns.stream().anyMatch(one -> one.matcher(example(call)).find()))
          .as(call.toString())
          .isEqualTo(isUpload(call));
    }
  }

  @Test
  void theTranscoderServesAllServices() throws IOException {
    var services =
        ApiDescriptors.read().services().stream().map(service -> service.getFullName()).toList();
    assertThat(
            EnvoyConfiguration.read()
                .filter("envoy.filters.http.grpc_json_transcoder")
                .get("services"))
        .isEqualTo(services);
  }

  /** An operator's call must not be possible where callers of the API are. */
  @Test
  void onlyTheListenerOfOperatorsReachesTheOperatorApi() throws IOException {
    var callers = EnvoyConfiguration.read();
    var operators = EnvoyConfiguration.ofOperators();
    assertThat(callers.clusters()).containsOnly("server", "monitoring", "gateways");
    assertThat(operators.clusters()).containsOnly("operator");
    var api = ApiDescriptors.read();
    var methods =
        api.operatorServices().stream().flatMap(one -> one.getMethods().stream()).toList();
    assertThat(methods).hasSizeGreaterThan(15);
    for (var method : methods) {
      assertThat(operators.grpcRoute(path(method), true).action("cluster")).isEqualTo("operator");
      for (var call : RestCall.of(method)) {
        assertThat(call.path()).startsWith("/operator/v1/");
      }
    }
    var transcoder = "envoy.filters.http.grpc_json_transcoder";
    assertThat(operators.filter(transcoder).get("services"))
        .isEqualTo(api.operatorServices().stream().map(one -> one.getFullName()).toList());
  }

  private static Route route(EnvoyConfiguration envoy, RestCall call, Map<String, String> more) {
    var headers = new HashMap<>(more);
    headers.put(":method", call.verb());
    headers.put("authorization", KEY);
    return envoy.route(example(call), headers);
  }

  /** Returns how long the request may take to arrive; empty if the route has no such limit. */
  private static String arrival(Route route) {
    var limit = route.action("max_stream_duration");
    return limit instanceof Map<?, ?> map
        ? EnvoyConfiguration.text(map, "max_stream_duration")
        : "";
  }

  private static boolean isUpload(RestCall call) {
    return call.declared().getStreaming() == Rpc.Streaming.upload;
  }

  private static String example(RestCall call) {
    return call.path().replaceAll("\\{[a-z_]+}", "a");
  }

  private static String path(MethodDescriptor method) {
    return "/" + method.getService().getFullName() + "/" + method.getName();
  }

  private static List<MethodDescriptor> methods() throws IOException {
    return ApiDescriptors.read().services().stream()
        .flatMap(service -> service.getMethods().stream())
        .toList();
  }

  private static List<RestCall> calls() throws IOException {
    return methods().stream().flatMap(method -> RestCall.of(method).stream()).toList();
  }

  private static int timeout(Rpc declared) {
    return declared.getStreaming() == Rpc.Streaming.streaming_unspecified ? seconds(declared) : 0;
  }

  private static @Nullable String idle(Rpc declared) {
    return switch (declared.getStreaming()) {
      case events, agent_response -> "0s";
      case upload, download -> seconds(declared) + "s";
      case streaming_unspecified, UNRECOGNIZED ->
          seconds(declared) >= IDLE_SECONDS ? seconds(declared) + "s" : null;
    };
  }

  private static int seconds(Rpc declared) {
    return declared.getTimeoutSeconds() == 0 ? DEFAULT_SECONDS : declared.getTimeoutSeconds();
  }
}
