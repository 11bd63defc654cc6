package dev.chowder.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A server that fails on command, as no real one does. It gives scripted responses in their order.
 */
public final class StubServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Deque<Response> responses = new ArrayDeque<>();
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch closed = new CountDownLatch(1);

  /** A request as it arrived. */
  public record Request(String method, String target, Map<String, String> headers, String body) {}

  /** The reaction of the server to a request. */
  private sealed interface Response {
    record Answer(int status, Map<String, String> headers, String body) implements Response {}

    record Truncate(String body) implements Response {}

    record BreakConnection() implements Response {}

    record NeverAnswer() implements Response {}

    record Stall(String body) implements Response {}
  }

  private StubServer(HttpServer server) {
    this.server = server;
  }

  public static StubServer start() throws IOException {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var stub = new StubServer(HttpServer.create(address, 0));
    stub.server.setExecutor(stub.threads);
    stub.server.createContext("/", stub::handle);
    stub.server.start();
    return stub;
  }

  public StubServer answers(int status, String body, String... headers) {
    var all = new LinkedHashMap<String, String>();
    for (int i = 0; i < headers.length; i += 2) all.put(headers[i], headers[i + 1]);
    return add(new Response.Answer(status, all, body));
  }

  /** Answers with an error of Chowder. */
  public StubServer fails(int status, String reason, String... headers) {
    return answers(
        status,
        "{\"code\": 1, \"message\": \"m\", \"details\": [{\"reason\": \"%s\"}]}".formatted(reason),
        headers);
  }

  /** Answers with Server-Sent Events. */
  public StubServer streams(String... events) {
    var body = new StringBuilder();
    for (var event : events) body.append("data: ").append(event).append("\n\n");
    return answers(200, body.toString(), "Content-Type", "text/event-stream");
  }

  public StubServer breaksConnection() {
    return add(new Response.BreakConnection());
  }

  /** Begins a longer response with this text, and then breaks the connection. */
  public StubServer truncates(String body) {
    return add(new Response.Truncate(body));
  }

  public StubServer neverAnswers() {
    return add(new Response.NeverAnswer());
  }

  /** Begins a longer response with this text, and then sends nothing. */
  public StubServer stalls(String body) {
    return add(new Response.Stall(body));
  }

  private synchronized StubServer add(Response response) {
    responses.add(response);
    return this;
  }

  private synchronized Response next() {
    return Objects.requireNonNullElse(
        responses.poll(), new Response.Answer(500, Map.of(), "unexpected request"));
  }

  private void handle(HttpExchange exchange) throws IOException {
    var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
    var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    requests.add(
        new Request(
            exchange.getRequestMethod(), exchange.getRequestURI().toString(), headers, body));
    switch (next()) {
      case Response.BreakConnection() -> exchange.close();
      case Response.NeverAnswer() -> await();
      case Response.Truncate(var text) -> {
        begin(exchange, text);
        exchange.close();
      }
      case Response.Stall(var text) -> {
        begin(exchange, text);
        await();
      }
      case Response.Answer(int status, var added, var text) -> {
        added.forEach(exchange.getResponseHeaders()::set);
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) exchange.getResponseBody().write(bytes);
        exchange.close();
      }
    }
  }

  private static void begin(HttpExchange exchange, String text) throws IOException {
    exchange.sendResponseHeaders(200, text.length() + 100);
    exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private void await() {
    try {
      if (!closed.await(60, TimeUnit.SECONDS)) throw new IOException("the test never ended");
    } catch (IOException unexpected) {
      throw new UncheckedIOException(unexpected);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  public List<Request> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
