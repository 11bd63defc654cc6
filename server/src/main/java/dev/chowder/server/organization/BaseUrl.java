package dev.chowder.server.organization;

import com.google.common.net.InetAddresses;
import dev.chowder.openclaw.ModelHosts;
import dev.chowder.server.call.Fields;
import dev.chowder.server.error.ApiError;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * Which URLs a model may be called at. A URL that a caller chose must not lead our requests, or a
 * sandbox's, to what only this machine or its network may reach. It judges the text alone: a public
 * name that resolves to a private address is for whoever connects to refuse, with {@link
 * ModelHosts}.
 */
public final class BaseUrl {
  private static final int MAX_LENGTH = 2048;
  // A last label that begins with a digit is an IPv4 address to browsers and C libraries, however
  // it
  // is written: 2130706433, 0x7f.1, 127.1.
  private static final Pattern NUMERIC_LAST_LABEL = Pattern.compile("(?:.*\\.)?[0-9][0-9a-fx]*");
  private static final List<String> PRIVATE_SUFFIXES =
      List.of(".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet", ".corp");

  private BaseUrl() {}

  /**
   * Returns the URL as received, without a trailing slash.
   *
   * @param privateHosts what an operator allowed: {@code host} or {@code host:port}
   * @param localhostPorts ports of localhost that an operator listed
   */
  public static String check(
      String field, String text, Set<String> privateHosts, IntPredicate localhostPorts) {
    if (text.length() > MAX_LENGTH) {
      throw ApiError.invalid(
          field, text.length() + " characters (expected: at most " + MAX_LENGTH + ")");
    }
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      throw malformed(field);
    }
    String scheme = url.getScheme();
    if (scheme == null || !(scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https"))) {
      throw malformed(field);
    }
    if (url.getRawUserInfo() != null) {
      // Not shown: it may hold a password.
      throw ApiError.invalid(
          field, "a user name or password (expected: none; keys go into model_api_keys)");
    }
    if (url.getHost() == null || url.getPort() == 0 || url.getPort() > 65535) {
      throw malformed(field);
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null) {
      throw ApiError.invalid(field, "a query or fragment (expected: none)");
    }
    checkHost(field, url, privateHosts, localhostPorts);
    return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
  }

  private static void checkHost(
      String field, URI url, Set<String> privateHosts, IntPredicate localhostPorts) {
    String host = ModelHosts.plain(url.getHost());
    int port =
        url.getPort() > 0 ? url.getPort() : url.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    if (new ModelHosts(privateHosts).mayBePrivate(host, port)) {
      if (ModelHosts.isThisMachine(host) && !localhostPorts.test(port)) {
        throw ApiError.invalid(
            field, "must name a port of localhost that the operator listed; got " + port);
      }
      return;
    }
    if (isPrivateHost(field, host)) {
      throw ApiError.invalid(
          field,
          Fields.shown(host)
              + " is private (expected: a public host, localhost, or one that the operator allows)");
    }
  }

  private static boolean isPrivateHost(String field, String host) {
    if (host.startsWith("[")) {
      return ModelHosts.isPrivate(InetAddresses.forUriString(host));
    }
    if (InetAddresses.isInetAddress(host)) {
      return ModelHosts.isPrivate(InetAddresses.forString(host));
    }
    if (NUMERIC_LAST_LABEL.matcher(host).matches()) {
      throw malformed(field);
    }
    // A name without a dot is resolved in the network's own domain.
    return host.indexOf('.') < 0 || PRIVATE_SUFFIXES.stream().anyMatch(host::endsWith);
  }

  private static ApiError malformed(String field) {
    return ApiError.invalid(
        field, "not a URL of a server (expected: http(s)://host[:port][/path])");
  }
}
