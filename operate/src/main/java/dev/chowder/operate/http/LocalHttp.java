package dev.chowder.operate.http;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.client.Certificates;
import dev.chowder.client.LocalHost;
import dev.chowder.client.context.TlsFiles;
import dev.chowder.operate.site.Variables;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Calls Envoy or nodes of this machine, without a key, to find out whether they respond. */
public final class LocalHttp {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final HttpClient client;
  private final String origin;

  private LocalHttp(HttpClient client, String origin) {
    this.client = client;
    this.origin = origin;
  }

  /** Returns a client for programs without TLS. */
  public static LocalHttp plain() {
    return new LocalHttp(client(LocalHost.client()), "http://localhost");
  }

  /** Returns a client for Envoy, as its callers see it. */
  public static LocalHttp ofCallers(Variables variables) {
    if (variables.find("CHOWDER_TLS_CERTIFICATE").isEmpty()) return plain();
    return secure(
        variables.find("CHOWDER_TLS_NAME").orElse("localhost"),
        path(variables, "CHOWDER_TLS_CA"),
        path(variables, "CHOWDER_TLS_CLIENT_CERTIFICATE"),
        path(variables, "CHOWDER_TLS_CLIENT_KEY"));
  }

  /** Returns a client for the monitoring ports of nodes. */
  public static LocalHttp ofNodes(Variables variables) {
    if (variables.find("CHOWDER_TLS_INTERNAL_CERTIFICATE").isEmpty()) return plain();
    return secure(
        variables.find("CHOWDER_TLS_INTERNAL_NAME").orElse("chowder-node"),
        path(variables, "CHOWDER_TLS_INTERNAL_CA"),
        path(variables, "CHOWDER_TLS_INTERNAL_CERTIFICATE"),
        path(variables, "CHOWDER_TLS_INTERNAL_KEY"));
  }

  private static LocalHttp secure(
      String name, @Nullable Path ca, @Nullable Path certificate, @Nullable Path key) {
    var files = TlsFiles.of(ca, certificate, key, "the TLS settings of the installation");
    return new LocalHttp(
        client(LocalHost.client(Certificates.context(files, true), name)), "https://" + name);
  }

  private static HttpClient client(HttpClient.Builder builder) {
    return builder.version(HttpClient.Version.HTTP_1_1).connectTimeout(LIMIT).build();
  }

  private static @Nullable Path path(Variables variables, String name) {
    return variables.find(name).map(Path::of).orElse(null);
  }

  /** Returns the response to GET; empty if there is none within 5 s. */
  public Optional<HttpResponse<String>> get(int port, String path) {
    var request =
        LocalHost.request(URI.create("%s:%d%s".formatted(origin, port, path)))
            .timeout(LIMIT)
            .build();
    var exchange = client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    try {
      // The limit of a request ends with its headers.
      return Optional.of(exchange.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException | TimeoutException unreachable) {
      exchange.cancel(true);
      return Optional.empty();
    } catch (InterruptedException interrupted) {
      throw CommandException.interrupted(interrupted);
    }
  }

  /** Returns whether the response has this status. */
  public boolean answers(int port, String path, int status) {
    return get(port, path).filter(response -> response.statusCode() == status).isPresent();
  }
}
