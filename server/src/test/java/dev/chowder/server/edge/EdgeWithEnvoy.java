package dev.chowder.server.edge;

import dev.chowder.base.FileTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** One edge with one Envoy in front of it for all tests of a class. */
final class EdgeWithEnvoy implements BeforeAllCallback, AfterAllCallback {
  private final Map<String, String> variables;
  private final Map<String, Object> settings;
  private @Nullable Path folder;
  private @Nullable Edge edge;
  private @Nullable EnvoyProcess envoy;

  EdgeWithEnvoy(Map<String, String> variables, Map<String, Object> settings) {
    this.variables = variables;
    this.settings = settings;
  }

  EdgeWithEnvoy(Map<String, String> variables) {
    this(variables, Map.of());
  }

  EdgeWithEnvoy() {
    this(Map.of());
  }

  Edge edge() {
    if (edge == null) {
      throw new IllegalStateException("not started");
    }
    return edge;
  }

  EnvoyProcess envoy() {
    if (envoy == null) {
      throw new IllegalStateException("not started");
    }
    return envoy;
  }

  /** Starts another Envoy in front of the same edge. */
  EnvoyProcess anotherEnvoy(Path folder, Map<String, String> variables)
      throws IOException, InterruptedException {
    Files.copy(Edge.envoyToken(Objects.requireNonNull(this.folder)), Edge.envoyToken(folder));
    return edge().startEnvoy(folder, variables);
  }

  InetSocketAddress rest() {
    return Edge.loopback(envoy().port());
  }

  /** Sends a request with the first organization's key. */
  RawHttp.Answer call(RawHttp.Request request) throws IOException {
    return RawHttp.send(rest(), request.with("Authorization", "Bearer " + Edge.KEY));
  }

  RawHttp.Answer call(String method, String target) throws IOException {
    return call(RawHttp.Request.of(method, target));
  }

  RawHttp.Answer call(String method, String target, String json) throws IOException {
    return call(RawHttp.Request.of(method, target).json(json));
  }

  /** Creates an instance and returns its id. */
  String create(String name) throws IOException {
    return call("POST", "/v1/instances", "{\"name\":\"" + name + "\"}").json().get("id").asText();
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    folder = Files.createTempDirectory("edge");
    edge = new Edge(folder, settings);
    envoy = edge.startEnvoy(folder, variables);
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (envoy != null) {
      envoy.close();
    }
    if (edge != null) {
      edge.close();
    }
    if (folder != null) {
      FileTree.remove(folder);
    }
  }
}
