package dev.chowder.server.operator;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's port: figures and commands for whoever holds the operator token, and {@code
 * /healthz} for everybody. It is the only HTTP server in the process, and no part of the API.
 */
public final class OperatorServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OperatorServer.class);
  private static final int BACKLOG = 64;

  private final HttpServer http;
  private final ExecutorService executor;
  private final OperatorRoutes routes;
  private final Semaphore free;
  private final ServerSettings.Operator limits;

  private OperatorServer(
      HttpServer http, ExecutorService executor, OperatorRoutes routes, ServerSettings.Operator s) {
    this.http = http;
    this.executor = executor;
    this.routes = routes;
    this.free = new Semaphore(s.maxRequests());
    this.limits = s;
  }

  /**
   * Starts it.
   *
   * @param tls who it is, and whom it lets in at all; absent: plain HTTP
   * @param audit records requests without the token, and calls that may change something
   * @param isServing what {@code /healthz} tells: whether calls are answered now
   */
  public static OperatorServer start(
      ServerSettings settings,
      Optional<SSLContext> tls,
      TokenFile token,
      OperatorAudit audit,
      OperatorCommands commands,
      HostCommands host,
      IncidentCommands incidents,
      BackupCommand backup,
      MasterKeyCommands masterKey,
      RowCommands rows,
      PrometheusMeterRegistry metrics,
      BooleanSupplier isServing)
      throws IOException {
    var address = new InetSocketAddress(settings.bind(), settings.operator().port());
    var routes =
        new OperatorRoutes(
            token,
            audit,
            commands,
            host,
            incidents,
            backup,
            masterKey,
            rows,
            metrics::scrape,
            isServing,
            settings.operator().maxBodyBytes());
    var executor = Executors.newVirtualThreadPerTaskExecutor();
    var server =
        new OperatorServer(
            tls.isPresent() ? https(address, tls.get()) : HttpServer.create(address, BACKLOG),
            executor,
            routes,
            settings.operator());
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
    // A slow or silent client must not hold a place for ever: its connection is closed under it.
    var watchdog =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Thread.sleep(OperatorRoutes.limit(exchange, limits));
                    exchange.close();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try (exchange) {
      if (free.tryAcquire()) {
        try {
          answered(exchange).writeTo(exchange);
        } finally {
          free.release();
        }
      } else {
        OperatorAnswer.of(
                ApiError.of(Reason.RATE_LIMITED, "requests: too many at once (expected: fewer)"))
            .writeTo(exchange);
      }
    } finally {
      watchdog.interrupt();
    }
  }

  private OperatorAnswer answered(HttpExchange exchange) throws IOException {
    try {
      return routes.answer(exchange);
    } catch (RuntimeException thrown) {
      ApiError known = ApiError.in(thrown);
      if (known != null) {
        return OperatorAnswer.of(known);
      }
      LOG.error("operator's request {} failed", exchange.getRequestURI().getPath(), thrown);
      return OperatorAnswer.of(
          ApiError.of(Reason.INTERNAL, "internal: a bug in Chowder; see the log"));
    }
  }

  @Override
  public void close() {
    http.stop(0);
    executor.shutdownNow();
  }
}
