package dev.chowder.server.organization;

import com.google.common.net.InetAddresses;
import dev.chowder.openclaw.model.ModelHosts;
import dev.chowder.server.error.ApiError;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * Checks the base URLs of models. A URL that a caller chose must not lead requests of the server or
 * of a sandbox to a private network. Checks only the text. Code that connects must use {@link
 * ModelHosts} to reject public names that resolve to private addresses.
 */
public final class BaseUrl {
  private static final int MAX_LENGTH = 2048;
  // Browsers and C libraries take a host whose last label begins with a digit for an IPv4 address:
  // 2130706433, 0x7f.1, 127.1.
  private static final Pattern NUMERIC_LAST_LABEL = Pattern.compile("(?:.*\\.)?[0-9][0-9a-fx]*");
  private static final List<String> PRIVATE_SUFFIXES =
      List.of(".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet", ".corp");

  private BaseUrl() {}

  /**
   * Returns the URL as received, without a trailing slash.
   *
   * @param privateHosts private hosts that the operator allows, as {@code host} or {@code
   *     host:port}
   * @param localhostPorts ports of localhost that the operator listed
   * @throws ApiError {@code INVALID_FIELD} if the URL is malformed or private
   */
  public static String check(
      String field, String text, Set<String> privateHosts, IntPredicate localhostPorts) {
    if (text.length() > MAX_LENGTH) {
      throw ApiError.must(field, "be at most " + MAX_LENGTH + " characters", text.length());
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
      // The value is not shown, because it may have a password.
      throw ApiError.must(field, "have no user name or password");
    }
    if (url.getHost() == null || url.getPort() == 0 || url.getPort() > 65535) {
      throw malformed(field);
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null) {
      throw ApiError.must(field, "have no query or fragment");
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
        throw ApiError.must(field, "name a port of localhost that the operator listed", port);
      }
      return;
    }
    if (isPrivateHost(field, host)) {
      throw ApiError.must(
          field, "have a public host, localhost, or a private host that the operator allows", host);
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
    // A name without a dot is resolved in the domain of the network.
    return host.indexOf('.') < 0 || PRIVATE_SUFFIXES.stream().anyMatch(host::endsWith);
  }

  private static ApiError malformed(String field) {
    return ApiError.must(field, "be a URL http(s)://host[:port][/path]");
  }
}
