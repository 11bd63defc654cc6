package dev.chowder.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

/**
 * A simulated model provider for provisioning. It lists one model, and rejects every key under
 * /refused.
 */
final class Models implements AutoCloseable {
  /** The name of its model. */
  static final String NAME = "m";

  private final HttpServer server;

  Models(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
    server.createContext(
        "/",
        exchange -> {
          var body = "{\"data\":[{\"id\":\"%s\"}]}".formatted(NAME).getBytes(UTF_8);
          boolean refused = exchange.getRequestURI().getPath().startsWith("/refused");
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(refused ? 401 : 200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
