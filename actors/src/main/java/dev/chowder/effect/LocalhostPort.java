package dev.chowder.effect;

import dev.chowder.openclaw.ModelHosts;
import java.net.URI;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * Whether a base URL means the machine that Chowder runs on, and which port there. Knows nothing of
 * how a sandbox gets to it.
 */
final class LocalhostPort {
  private LocalhostPort() {}

  /** The same URL as a sandbox has to call it, whose own localhost is another machine. */
  static String fromSandbox(String url, Supplier<String> hostAddress) {
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

  /** Empty for the provider's own endpoint ({@code baseUrl} empty) and for any other machine. */
  static OptionalInt of(String baseUrl) {
    if (baseUrl.isEmpty()) return OptionalInt.empty();
    var url = URI.create(baseUrl);
    if (url.getHost() == null || !ModelHosts.isThisMachine(url.getHost())) {
      return OptionalInt.empty();
    }
    if (url.getPort() > 0) return OptionalInt.of(url.getPort());
    return OptionalInt.of("https".equalsIgnoreCase(url.getScheme()) ? 443 : 80);
  }
}
