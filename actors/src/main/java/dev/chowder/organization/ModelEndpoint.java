package dev.chowder.organization;

import java.net.URI;
import java.util.Locale;

/**
 * The address of a provider's models, if it differs from the provider's own.
 *
 * @param baseUrl never empty
 * @param model the model of instances that name none; empty for the provider's default
 * @param api the API that the endpoint implements; empty for the provider's own
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
