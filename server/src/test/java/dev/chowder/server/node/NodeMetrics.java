package dev.chowder.server.node;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** Reads the monitoring port of a node. */
record NodeMetrics(int port, String operatorToken) {
  /** Returns the response of the health check, as a load balancer gets it. */
  String health() {
    return get("/healthz").strip();
  }

  /** Returns all metrics in the text format of Prometheus. */
  String text() {
    return get("/metrics");
  }

  /** Returns all metrics by name. */
  Map<String, Double> all() {
    var all = new HashMap<String, Double>();
    for (var line : text().lines().filter(line -> !line.startsWith("#")).toList()) {
      int value = line.lastIndexOf(' ');
      all.put(line.substring(0, value), Double.parseDouble(line.substring(value + 1)));
    }
    return all;
  }

  /** Returns the metric with this name. */
  OptionalDouble find(String name) {
    var found = all().get(name);
    return found == null ? OptionalDouble.empty() : OptionalDouble.of(found);
  }

  private String get(String path) {
    try (var http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                  .header("authorization", "Bearer " + operatorToken)
                  .timeout(Node.LIMIT)
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(path, failed);
    }
  }
}
