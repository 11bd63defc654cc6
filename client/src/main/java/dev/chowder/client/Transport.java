package dev.chowder.client;

import dev.chowder.client.context.Context;
import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Sends the requests of one context. Does not repeat them and does not judge responses. */
final class Transport implements AutoCloseable {
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);

  static {
    // A context of another server may have the first client of the JVM.
    LocalHost.permitHostHeader();
  }

  private final Context context;
  private final HttpClient client;

  /** Whether the server is on this machine, but has a certificate for another name. */
  private final boolean isLocal;

  Transport(Context context) {
    this.context = context;
    boolean isSecure = context.url().getScheme().equals("https");
    boolean isOfInstallation = context.name().equals(Context.LOCAL);
    var certificates =
        isSecure ? Certificates.context(context.tls(), isOfInstallation) : Certificates.none();
    this.isLocal = isSecure && isOfInstallation && !context.url().getHost().equals("localhost");
    var builder =
        isLocal
            ? LocalHost.client(certificates, context.url().getHost())
            : HttpClient.newBuilder().sslContext(certificates);
    this.client =
        builder
            // Envoy's limits of a connection are for HTTP/1.1, and one process has few calls.
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_LIMIT)
            // A redirect could send the key to another server.
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /**
   * Sends a call once.
   *
   * @param limit until the handler has the body, or for a stream until its headers
   */
  <T> HttpResponse<T> send(
      Call call, String accept, HttpResponse.BodyHandler<T> handler, Duration limit) {
    var exchange = client.sendAsync(request(call, accept), handler);
    try {
      return exchange.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      throw failure(
          Kind.TIMED_OUT,
          "the server at %s did not respond in time; the call may have been executed",
          late);
    } catch (InterruptedException interrupted) {
      throw ClientException.interrupted(interrupted);
    } catch (ExecutionException failed) {
      throw failure(failed.getCause());
    } finally {
      exchange.cancel(true);
    }
  }

  private HttpRequest request(Call call, String accept) {
    var url = context.url().resolve(call.target());
    var request =
        (isLocal ? LocalHost.request(url) : HttpRequest.newBuilder(url))
            .header("Accept", accept)
            .header("User-Agent", "chowder-java");
    var key = context.key();
    if (key != null) request.header("Authorization", key.authorization());
    if (call.idempotencyKey() != null) request.header("Idempotency-Key", call.idempotencyKey());
    var body = call.body();
    if (body == null) return request.method(call.method(), BodyPublishers.noBody()).build();
    return request
        .header("Content-Type", body.contentType())
        .method(call.method(), body.publisher())
        .build();
  }

  private ClientException failure(@Nullable Throwable cause) {
    var insecure = find(SSLException.class, cause);
    if (insecure.isPresent()) return insecure(insecure.get());
    return switch (cause) {
      case ConnectException refused when isUnresolved(refused) ->
          failure(
              Kind.UNKNOWN_HOST,
              "cannot reach the server at %s: its host name is unknown",
              refused);
      case ConnectException notSent -> unreachable(notSent);
      case HttpConnectTimeoutException notSent -> unreachable(notSent);
      case IOException tooLong when String.valueOf(tooLong.getMessage()).contains("capacity") ->
          failure(Kind.TOO_LARGE, "the response of %s is too large", tooLong);
      case IOException lost ->
          failure(
              Kind.CONNECTION_LOST,
              "the connection to %s broke before the response; the call may have been executed",
              lost);
      case RuntimeException bug -> throw bug;
      case null, default -> throw new IllegalStateException(cause);
    };
  }

  private ClientException unreachable(IOException notSent) {
    return failure(
        Kind.UNREACHABLE, "cannot reach the server at %s: it accepts no connections", notSent);
  }

  /** The server reports its reason as an alert, such as {@code certificate_required}. */
  private ClientException insecure(SSLException failed) {
    var why = String.valueOf(failed.getMessage());
    if (why.toLowerCase(Locale.ROOT).contains("unrecognized ssl message")) {
      return failure(Kind.NO_TLS, "cannot call the server at %s: its port has no TLS", failed);
    }
    boolean isByServer = why.contains("Received fatal alert");
    var message =
        isByServer
            ? "the server at %s rejected the connection: %s"
            : "cannot trust the server at %s: %s";
    return new ClientException(
        isByServer ? Kind.CERTIFICATE_REJECTED : Kind.UNTRUSTED,
        message.formatted(context.url(), why),
        failed);
  }

  /** Returns a failure whose message has the URL of the server at {@code %s}. */
  private ClientException failure(Kind kind, String message, Exception cause) {
    return new ClientException(kind, message.formatted(context.url()), cause);
  }

  private static boolean isUnresolved(ConnectException refused) {
    return find(UnresolvedAddressException.class, refused).isPresent();
  }

  /** Returns the first cause of a type. */
  private static <T extends Throwable> Optional<T> find(Class<T> type, @Nullable Throwable first) {
    for (var cause = first; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) return Optional.of(type.cast(cause));
    }
    return Optional.empty();
  }

  /** Ends the threads of the client. */
  @Override
  public void close() {
    client.shutdownNow();
    try {
      var _ = client.awaitTermination(CLOSE_LIMIT);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
