package dev.chowder.hostport;

import dev.chowder.openclaw.model.ModelHosts;
import java.net.URI;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * Finds the port that a base URL names on Chowder's machine. Does not know how a sandbox reaches
 * it.
 */
public final class LocalhostPort {
  private LocalhostPort() {}

  /**
   * Returns the URL as a sandbox must call it, since localhost is another machine there.
   *
   * @param hostAddress the address of Chowder's machine as seen from sandboxes
   */
  public static String fromSandbox(String url, Supplier<String> hostAddress) {
    var port = of(url);
    if (port.isEmpty()) return url;
    var parsed = URI.create(url);
    return parsed.getScheme()
        + "://"
        + hostAddress.get()
        + ":"
        + port.getAsInt()
        + parsed.getRawPath();
  }

  /**
   * Returns the port on this machine; empty if the URL names another machine.
   *
   * @param baseUrl empty for the provider's own endpoint
   */
  public static OptionalInt of(String baseUrl) {
    if (baseUrl.isEmpty()) return OptionalInt.empty();
    var url = URI.create(baseUrl);
    if (url.getHost() == null || !ModelHosts.isThisMachine(url.getHost())) {
      return OptionalInt.empty();
    }
    if (url.getPort() > 0) return OptionalInt.of(url.getPort());
    return OptionalInt.of("https".equalsIgnoreCase(url.getScheme()) ? 443 : 80);
  }
}
