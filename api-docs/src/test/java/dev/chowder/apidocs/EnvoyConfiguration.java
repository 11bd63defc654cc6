package dev.chowder.apidocs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * {@code envoy/envoy.yaml} as Envoy reads it. Selects routes as Envoy does, for the kinds of
 * conditions that the file uses.
 */
final class EnvoyConfiguration {
  static final Path FILE = Path.of("..", "envoy", "envoy.yaml");

  /** Above the number of routes that share an action. */
  private static final int MAX_ALIASES = 200;

  private final Map<String, Object> manager;

  private EnvoyConfiguration(Map<String, Object> manager) {
    this.manager = manager;
  }

  /** Reads the listener of the API. */
  static EnvoyConfiguration read() throws IOException {
    return read("rest");
  }

  /** Reads the listener of the operator API. */
  static EnvoyConfiguration ofOperators() throws IOException {
    return read("operators");
  }

  /** Reads the file. The variables of the template have their names as values. */
  private static EnvoyConfiguration read(String name) throws IOException {
    var text = Files.readString(FILE).replaceAll("\\$\\{(\\w+)}", "$1");
    var options = new LoaderOptions();
    options.setMaxAliasesForCollections(MAX_ALIASES);
    Map<String, Object> root = new Yaml(options).load(text);
    var listener =
        objects(root, "static_resources", "listeners").stream()
            .filter(one -> name.equals(one.get("name")))
            .findFirst()
            .orElseThrow();
    var filters = objects(objects(listener, "filter_chains").getFirst(), "filters");
    return new EnvoyConfiguration(object(filters.getFirst(), "typed_config"));
  }

  /** Returns the mappers of Envoy's own errors. */
  List<Map<String, Object>> errorMappers() {
    return objects(manager, "local_reply_config", "mappers");
  }

  /** Returns the body of all other errors. */
  Map<String, Object> otherError() {
    return object(manager, "local_reply_config", "body_format", "json_format");
  }

  /** Returns the configuration of a filter. */
  Map<String, Object> filter(String name) {
    return object(
        objects(manager, "http_filters").stream()
            .filter(filter -> name.equals(filter.get("name")))
            .findFirst()
            .orElseThrow(),
        "typed_config");
  }

  /** Returns the clusters to which routes of any host lead. */
  Set<String> clusters() {
    return objects(manager, "route_config", "virtual_hosts").stream()
        .flatMap(host -> objects(host, "routes").stream())
        .filter(route -> route.containsKey("route"))
        .map(route -> text(object(route, "route"), "cluster"))
        .collect(Collectors.toSet());
  }

  /**
   * Returns the first route of the API that matches.
   *
   * @param headers headers of the request, with {@code :method}
   */
  Route route(String path, Map<String, String> headers) {
    var api = objects(manager, "route_config", "virtual_hosts").getFirst();
    return objects(api, "routes").stream()
        .filter(route -> matches(object(route, "match"), path, headers))
        .findFirst()
        .map(Route::new)
        .orElseThrow();
  }

  /** Returns the route of a call over gRPC, or of a call over REST after transcoding. */
  Route grpcRoute(String path, boolean transcoded) {
    var headers = new HashMap<>(Map.of(":method", "POST", "content-type", "application/grpc"));
    if (transcoded) headers.put("x-envoy-original-path", "/v1/any");
    return route(path, headers);
  }

  private static boolean matches(
      Map<String, Object> match, String path, Map<String, String> headers) {
    var conditions = new HashMap<>(match);
    var exact = conditions.remove("path");
    var prefix = conditions.remove("prefix");
    var regex = conditions.remove("safe_regex");
    boolean pathMatches =
        exact != null
            ? path.equals(exact)
            : prefix != null
                ? path.startsWith((String) prefix)
                : Pattern.matches((String) object(match, "safe_regex").get("regex"), path);
    boolean all = pathMatches && (exact != null || prefix != null || regex != null);
    if (conditions.remove("headers") != null) {
      all &= objects(match, "headers").stream().allMatch(one -> matches(one, headers));
    }
    if (!conditions.isEmpty()) throw new IllegalStateException("unknown conditions: " + conditions);
    return all;
  }

  private static boolean matches(Map<String, Object> condition, Map<String, String> headers) {
    var value = headers.get((String) condition.get("name"));
    if (condition.containsKey("present_match")) {
      return condition.get("present_match").equals(value != null);
    }
    var string = object(condition, "string_match");
    if (value == null) return false;
    return string.containsKey("exact")
        ? value.equals(string.get("exact"))
        : Pattern.matches((String) object(string, "safe_regex").get("regex"), value);
  }

  /** Returns a field as text. */
  static String text(Map<?, ?> of, String name) {
    return Objects.requireNonNull(of.get(name), name).toString();
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> object(Map<String, Object> of, String... names) {
    var current = of;
    for (var name : names) {
      current = (Map<String, Object>) Objects.requireNonNull(current.get(name), name);
    }
    return current;
  }

  @SuppressWarnings("unchecked")
  static List<Map<String, Object>> objects(Map<String, Object> of, String... names) {
    Object current = of;
    for (var name : names) {
      current = Objects.requireNonNull(((Map<String, Object>) current).get(name), name);
    }
    return (List<Map<String, Object>>) current;
  }

  /** A route of Envoy. */
  record Route(Map<String, Object> json) {
    /** Returns the value of an option of the action; null if it is not set. */
    @Nullable Object action(String name) {
      return object(json, "route").get(name);
    }

    /** Returns the maximum size of a buffered body; empty if the route streams bodies. */
    String maxBytes() {
      var filters = filters();
      return filters.containsKey("envoy.filters.http.buffer")
          ? Objects.toString(
              object(filters, "envoy.filters.http.buffer", "buffer").get("max_request_bytes"))
          : "";
    }

    /** Returns what Envoy sends to the server's check of the key; empty if there is no check. */
    Map<String, Object> keyCheck() {
      var filters = filters();
      return filters.containsKey("chowder.api_key")
          ? object(filters, "chowder.api_key", "check_settings", "context_extensions")
          : Map.of();
    }

    private Map<String, Object> filters() {
      return json.containsKey("typed_per_filter_config")
          ? object(json, "typed_per_filter_config")
          : Map.of();
    }
  }
}
