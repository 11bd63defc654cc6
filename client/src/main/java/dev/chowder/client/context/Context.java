package dev.chowder.client.context;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.net.URI;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A server and the key for it.
 *
 * @param key absent only for calls that need none
 * @param tls the files for TLS with the server
 */
public record Context(String name, URI url, @Nullable Key key, TlsFiles tls) {
  /** The installation on this machine. It needs no entry in the file. */
  public static final String LOCAL = "local";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  /** Returns a context whose name a user chose. */
  public static Context named(String name, URI url, Key key, TlsFiles tls) {
    checkName(name);
    return new Context(name, url, key, tls);
  }

  /** Fails if a user cannot add a context with this name. */
  public static void checkNewName(String name) {
    if (name.equals(LOCAL)) {
      throw new ClientException(
          Kind.INVALID,
          "context: must not be local, the installation on this machine; choose another name");
    }
    checkName(name);
  }

  /** Fails if a context cannot have this name. */
  static void checkName(String name) {
    if (NAME.matcher(name).matches()) return;
    throw new ClientException(
        Kind.INVALID,
        "context: must be 1 to 63 letters, digits and ._- after a letter or digit; got " + name);
  }

  /** Returns a copy with this key, or with none. */
  Context withKey(@Nullable Key other) {
    return new Context(name, url, other, tls);
  }

  /** Returns whether the key would cross a network without encryption. */
  public boolean isExposed() {
    return ServerUrl.isExposed(url);
  }
}
