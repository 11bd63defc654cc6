package dev.chowder.organization;

import java.net.URI;
import java.util.Locale;

/**
 * Where a provider's models are, when not at the provider's own place.
 *
 * @param baseUrl never empty
 * @param model for instances that name none; empty: the provider's default
 * @param api the interface that it speaks; empty: the provider's own
 */
public record ModelEndpoint(String baseUrl, String model, String api) {
  /** Returns scheme, host and port. A key is sent only to the origin that it was given for. */
  public String origin() {
    URI url = URI.create(baseUrl);
    String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
    String host = String.valueOf(url.getHost()).toLowerCase(Locale.ROOT);
    int port = url.getPort() > 0 ? url.getPort() : scheme.equals("https") ? 443 : 80;
    return scheme + "://" + host + ":" + port;
  }
}
