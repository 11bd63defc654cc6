package dev.chowder.client.context;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;

/** Reads the URL of a server: scheme, host and port, below which the API has {@code /v1}. */
public final class ServerUrl {
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private ServerUrl() {}

  /**
   * Reads a URL.
   *
   * @param source where the text is from, for the message
   */
  public static URI parse(String text, String source) {
    try {
      var url = new URI(text.strip());
      boolean hasPath = !url.getRawPath().isEmpty() && !url.getRawPath().equals("/");
      if (Set.of("http", "https").contains(url.getScheme())
          && url.getHost() != null
          && url.getRawUserInfo() == null
          && url.getRawQuery() == null
          && url.getRawFragment() == null
          && !hasPath) {
        return url;
      }
    } catch (URISyntaxException | NullPointerException notAUrl) {
      throw invalid(text, source);
    }
    throw invalid(text, source);
  }

  /** Returns whether the key would cross a network without encryption. */
  static boolean isExposed(URI url) {
    return url.getScheme().equals("http") && !LOOPBACK.contains(url.getHost());
  }

  private static ClientException invalid(String text, String source) {
    return new ClientException(
        Kind.INVALID,
        "%s: must be a URL such as https://chowder.example.com, without a path or a key; got %s"
            .formatted(source, masked(text)));
  }

  /** The user may have put a password or a key before the host. */
  private static String masked(String text) {
    return text.replaceFirst("//[^/@]*@", "//***@");
  }
}
