package dev.chowder.server.edge;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A gateway whose responses the test chooses, which records its requests. */
final class StubGateway implements AutoCloseable {
  /** A received request. */
  record Seen(String path, Headers headers, String body) {}

  /** Responds to a request. */
  @FunctionalInterface
  interface Behavior {
    void answer(HttpExchange exchange) throws IOException;
  }

  final BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();
  final CountDownLatch callerWentAway = new CountDownLatch(1);
  private final HttpServer http;
  private volatile Behavior behavior = exchange -> reply(exchange, 200, "application/json", "{}");

  StubGateway() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/", this::handle);
    http.start();
  }

  InetSocketAddress address() {
    return http.getAddress();
  }

  void behave(Behavior next) {
    behavior = next;
  }

  Seen next() throws InterruptedException {
    Seen next = seen.poll(30, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("the gateway received no request");
    }
    return next;
  }

  static void reply(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private void handle(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    seen.add(new Seen(exchange.getRequestURI().toString(), exchange.getRequestHeaders(), body));
    try (exchange) {
      behavior.answer(exchange);
    } catch (IOException e) {
      callerWentAway.countDown();
    }
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
