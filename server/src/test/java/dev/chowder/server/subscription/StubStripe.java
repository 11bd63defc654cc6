package dev.chowder.server.subscription;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/**
 * A Stripe that can fail, which stripe-mock cannot. Otherwise it creates each requested object,
 * once for each idempotency key.
 */
public final class StubStripe implements AutoCloseable {
  private static final String SUBSCRIPTIONS = "/v1/subscriptions/";

  private final HttpServer server;
  private final Map<String, Answer> made = new ConcurrentHashMap<>();
  private final AtomicInteger number = new AtomicInteger();
  private final List<Request> asked = new CopyOnWriteArrayList<>();
  private volatile CountDownLatch silence = new CountDownLatch(0);
  private volatile UnaryOperator<Answer> mood = UnaryOperator.identity();

  /** A request with a form as its body. */
  public record Request(String path, String form) {}

  /**
   * A response.
   *
   * @param to the request
   */
  public record Answer(Request to, int status, String json) {
    public Answer with(int otherStatus, String otherJson) {
      return new Answer(to, otherStatus, otherJson);
    }
  }

  private StubStripe(HttpServer server) {
    this.server = server;
  }

  public static StubStripe start() throws IOException {
    var stub =
        new StubStripe(
            HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    stub.server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    stub.server.createContext("/", stub::answer);
    stub.server.start();
    return stub;
  }

  /**
   * Returns the settings of a node that sells through this stub. Writes secrets into the folder.
   */
  public Map<String, Object> settings(Path folder) throws IOException {
    return settings(folder, "http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Returns these settings, with others added. The node retries no call to Stripe. */
  public Map<String, Object> settings(Path folder, Map<String, Object> more) throws IOException {
    var settings = new HashMap<>(settings(folder));
    settings.put("chowder.stripe.max-retries", 0);
    settings.putAll(more);
    return settings;
  }

  /** Returns the settings for another Stripe. */
  public static Map<String, Object> settings(Path folder, String apiBase) throws IOException {
    return Map.of(
        "chowder.stripe.secret-key-file",
        secret(folder.resolve("stripe.key"), "sk_test_123"),
        "chowder.stripe.webhook-secret-file",
        secret(folder.resolve("stripe.webhook"), SignedEvent.SIGNED_WITH),
        "chowder.stripe.prices.crab",
        SignedEvent.CRAB,
        "chowder.stripe.prices.lobster",
        SignedEvent.LOBSTER,
        "chowder.stripe.return-url",
        "https://shop.example/done",
        "chowder.stripe.api-base",
        apiBase,
        "chowder.stripe.max-event-bytes",
        10_000);
  }

  private static String secret(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  /** Changes the responses from now on. */
  public void is(UnaryOperator<Answer> other) {
    mood = other;
  }

  /** Accepts requests without responding until it works again. */
  public void isSilent() {
    silence = new CountDownLatch(1);
  }

  public void isWell() {
    mood = UnaryOperator.identity();
    silence.countDown();
  }

  /** Returns the requests in order. */
  public List<Request> requests() {
    return List.copyOf(asked);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      silence.await();
      var form =
          URLDecoder.decode(new String(exchange.getRequestBody().readAllBytes(), UTF_8), UTF_8);
      var request = new Request(exchange.getRequestURI().getPath(), form);
      // A DELETE has no idempotency key.
      var key = request.path() + " " + exchange.getRequestHeaders().getFirst("Idempotency-Key");
      var authorized =
          "Bearer sk_test_123".equals(exchange.getRequestHeaders().getFirst("Authorization"));
      var answer =
          mood.apply(
              authorized
                  ? made.computeIfAbsent(key, _ -> make(request))
                  : new Answer(request, 401, "{\"error\": {\"message\": \"whose key is it?\"}}"));
      var bytes = answer.json().getBytes(UTF_8);
      exchange.sendResponseHeaders(answer.status(), bytes.length);
      exchange.getResponseBody().write(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Answer make(Request request) {
    asked.add(request);
    int n = number.incrementAndGet();
    return new Answer(
        request,
        200,
        switch (request.path()) {
          case "/v1/customers" -> "{\"id\": \"cus_%d\", \"object\": \"customer\"}".formatted(n);
          case "/v1/checkout/sessions" ->
              "{\"id\": \"cs_%d\", \"object\": \"checkout.session\", \"url\": \"https://pay.example/%d\"}"
                  .formatted(n, n);
          case "/v1/billing_portal/sessions" ->
              "{\"id\": \"bps_%d\", \"object\": \"billing_portal.session\", \"url\": \"https://portal.example/%d\"}"
                  .formatted(n, n);
          default -> {
            if (!request.path().startsWith(SUBSCRIPTIONS)) {
              throw new IllegalArgumentException(request.path());
            }
            yield "{\"id\": \"%s\", \"object\": \"subscription\", \"status\": \"canceled\"}"
                .formatted(request.path().substring(SUBSCRIPTIONS.length()));
          }
        });
  }

  @Override
  public void close() {
    silence.countDown();
    server.stop(0);
  }
}
