package dev.chowder.apidocs;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.chowder.api.v1.Rpc;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Renders the routes of {@code envoy/envoy.yaml} that depend on RPCs: their paths, timeouts,
 * retries and the limits of their bodies.
 */
record EnvoyRoutes(ApiDescriptors api) {
  /** Maximum body of a sign-up, and of a call without fields. */
  static final int SMALL_BODY_BYTES = 16384;

  /** Timeout of an RPC that declares none. The last route of the file has it. */
  static final int DEFAULT_SECONDS = 15;

  /** Envoy's {@code stream_idle_timeout}, which also ends a call that takes longer. */
  static final int IDLE_SECONDS = 60;

  private static final String EVENT_BYTES = "${CHOWDER_MAX_EVENT_BYTES}";

  /**
   * Also repeats a call that the node may have seen. The address of that node is not used again.
   */
  private static final String RETRIES =
      """
      , retry_policy: {
          retry_on: "connect-failure,refused-stream,reset,unavailable", num_retries: 3, retry_back_off: {base_interval: 0.05s, max_interval: 0.5s},
          retry_host_predicate: *another_node, host_selection_retry_max_attempts: 5}""";

  private static final Pattern VARIABLE = Pattern.compile("\\{[^}]*}");

  /** Returns the lines of each section. */
  Map<String, List<String>> sections() {
    return Map.of(
        "services", services(api.services()),
        "operator services", services(api.operatorServices()),
        "media types", mediaTypes(),
        "uploads", uploads(),
        "calls without a key", withoutAKey(),
        "calls without a body", withoutABody(),
        "RPCs without a key", rpcsWithoutAKey(),
        "RPCs", rpcs());
  }

  private Stream<MethodDescriptor> methods(Predicate<Rpc> wanted) {
    return api.services().stream()
        .flatMap(service -> service.getMethods().stream())
        .filter(method -> wanted.test(RestCall.declared(method)));
  }

  private List<RestCall> calls(Predicate<Rpc> wanted) {
    return methods(wanted).flatMap(method -> RestCall.of(method).stream()).toList();
  }

  private static boolean isUpload(Rpc rpc) {
    return rpc.getStreaming() == Rpc.Streaming.upload;
  }

  private static List<String> services(List<ServiceDescriptor> services) {
    return List.of(
        "services: ["
            + String.join(", ", services.stream().map(ServiceDescriptor::getFullName).toList())
            + "]");
  }

  /** Renders a Lua expression, which finds the path at the beginning, before the query. */
  private List<String> mediaTypes() {
    var found =
        calls(EnvoyRoutes::isUpload).stream()
            .map(call -> "string.find(path, \"^%s\")".formatted(luaPattern(call.path())))
            .toList();
    return List.of("local own_type = " + String.join(" or ", found));
  }

  private static String luaPattern(String path) {
    return VARIABLE
        .splitAsStream(path)
        .map(EnvoyRoutes::luaQuoted)
        .reduce((a, b) -> a + "[^/]+" + b)
        .orElseThrow();
  }

  private static String luaQuoted(String text) {
    return text.replaceAll("[^A-Za-z0-9/_]", "%$0");
  }

  private List<String> uploads() {
    return calls(EnvoyRoutes::isUpload).stream()
        .map(
            call ->
                "- {match: %s, route: %s}".formatted(match(call.path()), action(call.declared())))
        .toList();
  }

  private List<String> withoutAKey() {
    var lines = new ArrayList<String>();
    for (var call : calls(Rpc::getNeedsNoKey)) {
      lines.add("- match: " + match(call.path()));
      lines.add("  route: " + (lines.size() == 1 ? "&at_once " + atOnce(call) : "*at_once"));
      lines.addAll(buffered(maxBytes(call)));
    }
    return lines;
  }

  /** Every call without a key has the same limits of time, so that one action serves all. */
  private static String atOnce(RestCall call) {
    if (seconds(call.declared()) != DEFAULT_SECONDS) {
      throw new IllegalStateException(call + ": must have the default timeout");
    }
    return "{cluster: server, timeout: %ds, max_stream_duration: {max_stream_duration: \"${CHOWDER_EVENT_SECONDS}s\"}}"
        .formatted(DEFAULT_SECONDS);
  }

  private static String maxBytes(RestCall call) {
    return switch (call.declared().getRate()) {
      case sign_up -> Integer.toString(SMALL_BODY_BYTES);
      case stripe_event -> EVENT_BYTES;
      case rate_unspecified, UNRECOGNIZED ->
          throw new IllegalStateException(call + ": must have a rate, because it needs no key");
    };
  }

  private static List<String> buffered(String maxBytes) {
    return List.of(
        "  typed_per_filter_config:",
        "    envoy.filters.http.buffer:",
        "      \"@type\": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute",
        "      buffer: {max_request_bytes: %s}".formatted(maxBytes));
  }

  /** A GET or DELETE without a body has other routes. */
  private List<String> withoutABody() {
    var paths =
        calls(rpc -> !rpc.getNeedsNoKey()).stream()
            .filter(call -> call.body().isEmpty() && !Set.of("GET", "DELETE").contains(call.verb()))
            .map(call -> regex(call.path()))
            .toList();
    return List.of("safe_regex: {regex: \"%s\"}".formatted(String.join("|", paths)));
  }

  private List<String> rpcsWithoutAKey() {
    return methods(Rpc::getNeedsNoKey)
        .flatMap(
            method ->
                Stream.concat(
                    Stream.of(
                        "- match: {path: %s, headers: [{name: x-envoy-original-path, present_match: false}]}"
                            .formatted(path(method)),
                        "  route: *at_once"),
                    buffered(EVENT_BYTES).stream()))
        .toList();
  }

  /** Names each action where it occurs first. RPCs that need nothing special have no route. */
  private List<String> rpcs() {
    var lines = new ArrayList<String>();
    var named = new HashSet<String>();
    methods(rpc -> !isDefault(rpc))
        .forEach(
            method -> {
              var rpc = RestCall.declared(method);
              var name = name(rpc);
              var action = named.add(name) ? "&" + name + " " + action(rpc) : "*" + name;
              "- {match: {path: %s}, route: %s}"
                  .formatted(path(method), action)
                  .lines()
                  .forEach(lines::add);
            });
    return lines;
  }

  private static boolean isDefault(Rpc rpc) {
    return rpc.getStreaming() == Rpc.Streaming.streaming_unspecified
        && seconds(rpc) == DEFAULT_SECONDS
        && !rpc.getRetried();
  }

  private static String name(Rpc rpc) {
    return switch (rpc.getStreaming()) {
      case events, agent_response -> "stream";
      case upload, download -> "bytes_" + seconds(rpc) + "s";
      case streaming_unspecified, UNRECOGNIZED ->
          (rpc.getRetried() ? "retried_" : "up_to_") + seconds(rpc) + "s";
    };
  }

  private static String action(Rpc rpc) {
    var limits =
        switch (rpc.getStreaming()) {
          // Envoy detects a disconnected reader by its connection.
          case events, agent_response -> "timeout: 0s, idle_timeout: 0s";
          case upload, download -> "timeout: 0s, idle_timeout: %ds".formatted(seconds(rpc));
          case streaming_unspecified, UNRECOGNIZED ->
              "timeout: %ds".formatted(seconds(rpc))
                  + (seconds(rpc) < IDLE_SECONDS
                      ? ""
                      : ", idle_timeout: %ds".formatted(seconds(rpc)))
                  + (rpc.getRetried() ? RETRIES : "");
        };
    return "{cluster: server, " + limits + "}";
  }

  private static int seconds(Rpc rpc) {
    return rpc.getTimeoutSeconds() == 0 ? DEFAULT_SECONDS : rpc.getTimeoutSeconds();
  }

  private static String path(MethodDescriptor method) {
    return "/" + method.getService().getFullName() + "/" + method.getName();
  }

  private static String match(String path) {
    return VARIABLE.matcher(path).find()
        ? "{safe_regex: {regex: \"%s\"}}".formatted(regex(path))
        : "{path: %s}".formatted(path);
  }

  /** Returns an expression of RE2 for the whole path; a backslash is doubled for YAML. */
  private static String regex(String path) {
    return VARIABLE.matcher(path.replace(".", "\\\\.")).replaceAll("[^/]+");
  }
}
