package dev.chowder.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;

/**
 * Calls programs on this machine. Their certificate may have another name, which may not resolve to
 * this machine; the certificate must have that name, or the address 127.0.0.1.
 */
public final class LocalHost {
  /** The client keeps the name for TLS only if the URL has an address. */
  private static final String ADDRESS = "127.0.0.1";

  private static final String PERMITTED_HEADERS = "jdk.httpclient.allowRestrictedHeaders";

  static {
    permitHostHeader();
  }

  private LocalHost() {}

  /**
   * Permits the header {@code Host}. The HTTP client of the JVM reads this once, when its first
   * class loads.
   */
  static void permitHostHeader() {
    if (System.getProperty(PERMITTED_HEADERS) == null) {
      System.setProperty(PERMITTED_HEADERS, "host");
    }
  }

  /** Returns the builder of a client without TLS. */
  public static HttpClient.Builder client() {
    return HttpClient.newBuilder();
  }

  /** Returns the builder of a client that expects a certificate with the name. */
  public static HttpClient.Builder client(SSLContext context, String name) {
    var parameters = context.getDefaultSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(name)));
    return HttpClient.newBuilder().sslContext(context).sslParameters(parameters);
  }

  /**
   * Returns a request to a program on this machine.
   *
   * @param url with the name of the certificate
   */
  public static HttpRequest.Builder request(URI url) {
    var local = "%s://%s:%d%s".formatted(url.getScheme(), ADDRESS, url.getPort(), target(url));
    return HttpRequest.newBuilder(URI.create(local))
        .header("Host", url.getHost() + ":" + url.getPort());
  }

  private static String target(URI url) {
    return url.getRawQuery() == null
        ? url.getRawPath()
        : url.getRawPath() + "?" + url.getRawQuery();
  }
}
