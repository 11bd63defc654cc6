package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.error.ApiError;
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
 * The HTTP server of the operator port: metrics and commands for requests with the operator token,
 * and {@code /healthz} for every client. Not part of the API. Pekko's management port, which a node
 * with contact points opens, is a separate HTTP server.
 */
public final class OperatorServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OperatorServer.class);
  private static final int BACKLOG = 64;

  private final HttpServer http;
  private final ExecutorService executor;
  private final OperatorRoutes routes;
  private final Semaphore permits;
  private final ServerSettings.Operator limits;

  private OperatorServer(
      HttpServer http, ExecutorService executor, OperatorRoutes routes, ServerSettings.Operator s) {
    this.http = http;
    this.executor = executor;
    this.routes = routes;
    this.permits = new Semaphore(s.maxRequests());
    this.limits = s;
  }

  /**
   * Starts the server.
   *
   * @param tls the server's certificate and the CA of client certificates; empty for plain HTTP
   * @param audit records requests without the token, and calls that may change something
   * @param isServing returns whether the node serves calls, for {@code /healthz}
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
    // Closes the connection at the timeout, so that a slow client cannot hold its permit forever.
    var watchdog =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Thread.sleep(OperatorRoutes.timeout(exchange, limits));
                    exchange.close();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try (exchange) {
      if (permits.tryAcquire()) {
        try {
          respond(exchange).writeTo(exchange);
        } finally {
          permits.release();
        }
      } else {
        OperatorAnswer.of(
                ApiError.of(
                    Reason.RATE_LIMITED,
                    cannot(
                        "complete the request",
                        "the operator port has "
                            + limits.maxRequests()
                            + " requests in progress, its limit",
                        "retry later")))
            .writeTo(exchange);
      }
    } finally {
      watchdog.interrupt();
    }
  }

  private OperatorAnswer respond(HttpExchange exchange) throws IOException {
    try {
      return routes.answer(exchange);
    } catch (RuntimeException thrown) {
      ApiError known = ApiError.in(thrown);
      if (known != null) {
        return OperatorAnswer.of(known);
      }
      LOG.error("operator's request {} failed", exchange.getRequestURI().getPath(), thrown);
      return OperatorAnswer.of(
          ApiError.of(
              Reason.INTERNAL,
              cannot("complete the request", "a bug in Chowder", "see the server's log")));
    }
  }

  @Override
  public void close() {
    http.stop(0);
    executor.shutdownNow();
  }
}
