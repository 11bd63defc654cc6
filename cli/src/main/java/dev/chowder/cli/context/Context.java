package dev.chowder.cli.context;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Printable;
import java.net.URI;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A server and the key for it.
 *
 * @param ca PEM file with the certificates that the server's certificate must be signed by; the
 *     JVM's if absent
 */
public record Context(String name, URI url, Key key, @Nullable Path ca) {
  /** The installation on this machine. It needs no entry in the file. */
  public static final String LOCAL = "local";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  /** Returns a context whose name a user chose. */
  public static Context named(String name, URI url, Key key, @Nullable Path ca) {
    checkName(name);
    return new Context(name, url, key, ca);
  }

  /** Fails if a context cannot have this name. */
  public static void checkName(String name) {
    if (NAME.matcher(name).matches()) return;
    throw new CommandException(
        ExitCode.USAGE,
        "context: must be 1 to 63 letters, digits and ._- after a letter or digit; got "
            + Printable.line(name));
  }

  /** Returns whether the key would cross a network without encryption. */
  public boolean isExposed() {
    return ServerUrl.isExposed(url);
  }
}
