package dev.chowder.server.crash;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** A model provider that answers only onboarding's request for its models. */
public final class ListedModels implements AutoCloseable {
  private static final Set<Integer> PORTS = ConcurrentHashMap.newKeySet();

  private final HttpServer server;

  public ListedModels() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    server.createContext(
        "/v1/models",
        exchange -> {
          var body = "{\"object\":\"list\",\"data\":[]}".getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    PORTS.add(server.getAddress().getPort());
  }

  /** Returns the ports of all providers that were started here, in the format of the setting. */
  static String ports() {
    return PORTS.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  public String baseUrl() {
    return "http://localhost:" + server.getAddress().getPort() + "/v1";
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
