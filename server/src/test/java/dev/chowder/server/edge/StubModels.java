package dev.chowder.server.edge;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * Model providers: one with a valid list of models, one that rejects every key, and one that never
 * responds.
 */
final class StubModels implements AutoCloseable {
  private final HttpServer server;
  private final CountDownLatch end = new CountDownLatch(1);

  private StubModels(HttpServer server) {
    this.server = server;
  }

  static StubModels start() throws IOException {
    var models = new StubModels(HttpServer.create(Edge.loopback(0), 0));
    models.server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    models.server.createContext("/ok/", exchange -> answer(exchange, 200));
    models.server.createContext("/refusing/", exchange -> answer(exchange, 401));
    models.server.createContext("/silent/", models::silence);
    models.server.start();
    return models;
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Returns the base URL of a provider, as an organization sets it. */
  String url(String which) {
    return "http://localhost:" + server.getAddress().getPort() + "/" + which + "/v1";
  }

  private static void answer(HttpExchange exchange, int status) throws IOException {
    try (exchange) {
      byte[] body = "{\"data\":[]}".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private void silence(HttpExchange exchange) {
    try (exchange) {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    end.countDown();
    server.stop(0);
  }
}
