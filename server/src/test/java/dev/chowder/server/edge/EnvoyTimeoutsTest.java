package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.Rpc;
import dev.chowder.server.rpc.ApiMethods;
import dev.chowder.server.rpc.RpcFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests that Envoy's timeouts and retries of each RPC are those that the protocol declares. */
class EnvoyTimeoutsTest {
  private static final int DEFAULT_SECONDS = 15;

  /** Envoy's {@code stream_idle_timeout}, which also ends a call that takes longer. */
  private static final int IDLE_SECONDS = 60;

  private static final Pattern ROUTE =
      Pattern.compile(
          "match: \\{(?:safe_regex: \\{regex: \"(/chowder[^\"]+)\"}|path: \"(/chowder[^\"]+)\""
              + "|prefix: (/|/chowder\\S+))}\\s+"
              + "route:\\s+\\{?cluster: server,?\\s+timeout: (\\d+)s(?:, idle_timeout: (\\d+)s)?"
              + "(\\s+retry_policy:)?");

  /** A route of calls that do not depend on headers, in seconds; idle is -1 if not set. */
  private record Route(Pattern path, int timeout, int idle, boolean retried) {}

  @Test
  void theRouteOfEachMethodHasTheDeclaredTimeoutAndRetries() throws IOException {
    var routes = routes();
    assertThat(routes).hasSizeGreaterThan(10);
    assertThat(ApiMethods.all())
        .allSatisfy(
            method -> {
              var path = "/" + method.getFullMethodName();
              var route =
                  routes.stream()
                      .filter(one -> one.path().matcher(path).matches())
                      .findFirst()
                      .orElseThrow();
              var declared = RpcFacts.of(method).declared();
              assertThat(route.retried()).as(path).isEqualTo(declared.getRetried());
              assertThat(route.timeout()).as(path).isEqualTo(timeout(declared));
              assertThat(route.idle()).as(path).isEqualTo(idle(declared));
            });
  }

  private static int timeout(Rpc declared) {
    return switch (declared.getStreaming()) {
      case events, agent_response, upload, download -> 0;
      case streaming_unspecified, UNRECOGNIZED -> seconds(declared);
    };
  }

  private static int idle(Rpc declared) {
    return switch (declared.getStreaming()) {
      case events, agent_response -> 0;
      case upload, download -> seconds(declared);
      case streaming_unspecified, UNRECOGNIZED ->
          seconds(declared) >= IDLE_SECONDS ? seconds(declared) : -1;
    };
  }

  private static int seconds(Rpc declared) {
    return declared.getTimeoutSeconds() == 0 ? DEFAULT_SECONDS : declared.getTimeoutSeconds();
  }

  private static List<Route> routes() throws IOException {
    var text = Files.readString(EnvoyProcess.repository().resolve("envoy/envoy.yaml"));
    return ROUTE
        .matcher(text)
        .results()
        .map(
            found -> {
              var regex = found.group(1);
              var path = found.group(2);
              return new Route(
                  Pattern.compile(
                      regex != null
                          ? regex.replace("\\\\", "\\")
                          : path != null
                              ? Pattern.quote(path)
                              : Pattern.quote(Objects.requireNonNull(found.group(3))) + ".*"),
                  Integer.parseInt(found.group(4)),
                  found.group(5) == null ? -1 : Integer.parseInt(found.group(5)),
                  found.group(6) != null);
            })
        .toList();
  }
}
