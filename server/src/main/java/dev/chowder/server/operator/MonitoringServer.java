package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.error.ApiError;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of the monitoring port: {@code /healthz} for every client, and {@code /metrics}
 * for clients with the operator token. Performs no commands.
 */
public final class MonitoringServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MonitoringServer.class);
  private static final int BACKLOG = 64;

  private final HttpServer http;
  private final ExecutorService executor;
  private final Semaphore permits;
  private final ServerSettings.Operator limits;
  private final OperatorServer.Gate gate;
  private final Sources sources;

  private MonitoringServer(
      HttpServer http,
      ExecutorService executor,
      ServerSettings.Operator limits,
      OperatorServer.Gate gate,
      Sources sources) {
    this.http = http;
    this.executor = executor;
    this.permits = new Semaphore(limits.maxRequests());
    this.limits = limits;
    this.gate = gate;
    this.sources = sources;
  }

  /**
   * The sources of the responses.
   *
   * @param metrics returns all metrics in Prometheus' format
   * @param isServing returns whether the node serves calls
   * @param isIsolated returns whether the host isolates sandboxes; must not block
   */
  public record Sources(
      Supplier<String> metrics, BooleanSupplier isServing, BooleanSupplier isIsolated) {}

  private record Response(int status, String contentType, String body) {
    static Response of(ApiError error) {
      return new Response(error.httpStatus(), "application/json", error.toJson() + "\n");
    }
  }

  /**
   * Starts the server.
   *
   * @param tls the server's certificate and the CA of client certificates; empty for plain HTTP
   * @param gate the token that {@code /metrics} requires, and the audit of requests without it
   */
  public static MonitoringServer start(
      ServerSettings settings, Optional<SSLContext> tls, OperatorServer.Gate gate, Sources sources)
      throws IOException {
    var address = new InetSocketAddress(settings.bind(), settings.monitoringPort());
    var executor = Executors.newVirtualThreadPerTaskExecutor();
    var server =
        new MonitoringServer(
            tls.isPresent() ? https(address, tls.get()) : HttpServer.create(address, BACKLOG),
            executor,
            settings.operator(),
            gate,
            sources);
    server.http.setExecutor(executor);
    server.http.createContext("/", server::handle);
    server.http.start();
    return server;
  }

  private static HttpServer https(InetSocketAddress address, SSLContext tls) throws IOException {
    var https = HttpsServer.create(address, BACKLOG);
    https.setHttpsConfigurator(
        new HttpsConfigurator(tls) {
          @Override
          public void configure(HttpsParameters connection) {
            var parameters = getSSLContext().getDefaultSSLParameters();
            parameters.setNeedClientAuth(true);
            connection.setSSLParameters(parameters);
          }
        });
    return https;
  }

  public int port() {
    return http.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    // Closes the connection at the timeout, so that a slow client cannot hold its permit forever.
    var watchdog =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Thread.sleep(limits.requestTimeout());
                    exchange.close();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try (exchange) {
      if (permits.tryAcquire()) {
        try {
          write(respond(exchange), exchange);
        } finally {
          permits.release();
        }
      } else {
        write(Response.of(tooMany()), exchange);
      }
    } finally {
      watchdog.interrupt();
    }
  }

  private ApiError tooMany() {
    return ApiError.of(
        Reason.RATE_LIMITED,
        cannot(
            "complete the request",
            "the monitoring port has " + limits.maxRequests() + " requests in progress, its limit",
            "retry later"));
  }

  private Response respond(HttpExchange exchange) {
    try {
      return respond(exchange, exchange.getRequestURI().getRawPath());
    } catch (ApiError why) {
      return Response.of(why);
    } catch (RuntimeException thrown) {
      LOG.error("monitoring request {} failed", exchange.getRequestURI().getPath(), thrown);
      return Response.of(
          ApiError.of(
              Reason.INTERNAL,
              cannot("complete the request", "a bug in Chowder", "see the server's log")));
    }
  }

  private Response respond(HttpExchange exchange, String path) {
    if (path.equals("/healthz")) {
      require(exchange, "GET", "HEAD");
      return health();
    }
    if (!OperatorToken.isIn(exchange.getRequestHeaders().get("authorization"), gate.token())) {
      gate.audit().rejected(ClientAddress.of(exchange.getRemoteAddress().getAddress()));
      throw ApiError.of(
          Reason.KEY_INVALID,
          must("authorization", "be Bearer and the operator token", "another value"));
    }
    if (!path.equals("/metrics")) {
      throw ApiError.of(Reason.PATH_NOT_FOUND, must("path", "be /healthz or /metrics"));
    }
    require(exchange, "GET");
    return new Response(200, "text/plain; version=0.0.4; charset=utf-8", sources.metrics().get());
  }

  private Response health() {
    boolean serving = sources.isServing().getAsBoolean();
    var body =
        JsonNodeFactory.instance
            .objectNode()
            .put("status", serving ? "SERVING" : "NOT_SERVING")
            // For information: a node whose host does not isolate sandboxes still serves.
            .put("isolated", sources.isIsolated().getAsBoolean());
    return new Response(serving ? 200 : 503, "application/json", body + "\n");
  }

  private static void require(HttpExchange exchange, String... allowed) {
    if (!List.of(allowed).contains(exchange.getRequestMethod())) {
      throw ApiError.of(
          Reason.PATH_NOT_FOUND,
          must("method", "be " + String.join(" or ", allowed), exchange.getRequestMethod()));
    }
  }

  private static void write(Response response, HttpExchange exchange) throws IOException {
    byte[] bytes = response.body().getBytes(StandardCharsets.UTF_8);
    var headers = exchange.getResponseHeaders();
    headers.set("content-type", response.contentType());
    headers.set("cache-control", "no-store");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(response.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(response.status(), bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    http.stop(0);
    executor.shutdownNow();
  }
}
