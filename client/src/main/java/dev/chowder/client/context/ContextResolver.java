package dev.chowder.client.context;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the context of a command. The option comes first, then the variables, then the current
 * context of the file, then the installation on this machine. A key is only sent to the server that
 * it was given for: a URL of its own needs a key of its own.
 */
public final class ContextResolver {
  private final Map<String, String> variables;
  private final ContextFile file;

  /**
   * Creates a resolver.
   *
   * @param variables the environment: {@code HOME} and {@code CHOWDER_*}
   */
  public ContextResolver(Map<String, String> variables, ContextFile file) {
    this.variables = variables;
    this.file = file;
  }

  /**
   * Returns the context of a command.
   *
   * @param option the name that the user gave; absent if none
   * @throws ClientException if there is no such context, no key, or an invalid value
   */
  public Context resolve(@Nullable String option) {
    if (option != null) return named(option);
    var url = variable("CHOWDER_URL");
    var key = key();
    if (url.isPresent()) {
      return new Context(
          "CHOWDER_URL",
          ServerUrl.parse(url.get(), "CHOWDER_URL"),
          key.orElseThrow(ContextResolver::urlWithoutKey),
          tls());
    }
    if (key.isEmpty()) return named(currentName());
    // Not resolved before, because the installation on this machine may have no key.
    var name = currentName();
    if (name.equals(Context.LOCAL)) return new Context(name, localUrl(), key.get(), tls());
    return named(name).withKey(key.get());
  }

  /**
   * Returns the server of a command that needs no key. No key is read, since there may be none.
   *
   * @param option the name that the user gave; absent if none
   */
  public Context withoutKey(@Nullable String option) {
    var url = variable("CHOWDER_URL");
    if (option == null && url.isPresent()) {
      return new Context("CHOWDER_URL", ServerUrl.parse(url.get(), "CHOWDER_URL"), null, tls());
    }
    var name = option == null ? currentName() : option;
    return name.equals(Context.LOCAL)
        ? new Context(name, localUrl(), null, tls())
        : named(name).withKey(null);
  }

  /** Returns the name of the context that a command without the option uses. */
  public String currentName() {
    return variable("CHOWDER_CONTEXT")
        .or(() -> Optional.ofNullable(file.load().current()))
        .orElse(Context.LOCAL);
  }

  /** Returns the URL of the installation on this machine. */
  public URI localUrl() {
    var port = variable("CHOWDER_REST_PORT").orElse("8080");
    var isTls = variable("CHOWDER_TLS_CERTIFICATE").isPresent();
    var host = isTls ? variable("CHOWDER_TLS_NAME").orElse("localhost") : "localhost";
    return ServerUrl.parse(
        "%s://%s:%s".formatted(isTls ? "https" : "http", host, port), "CHOWDER_REST_PORT");
  }

  private Context named(String name) {
    if (name.equals(Context.LOCAL)) return local();
    return file.load()
        .find(name)
        .orElseThrow(
            () ->
                new ClientException(
                    Kind.NO_CONTEXT,
                    "context: must be one of \"chowder context ls\"; got " + name));
  }

  private Context local() {
    var home =
        variable("CHOWDER_HOME")
            .map(Path::of)
            .orElseGet(() -> Home.of(variables).resolve(".local/share/chowder"));
    var keyFile = home.resolve("organization.key");
    if (!Files.exists(keyFile)) {
      throw new ClientException(
          Kind.NO_KEY,
          "cannot find an installation on this machine: %s does not exist; run \"chowder up\", or add a server with \"chowder context add\""
              .formatted(keyFile));
    }
    return new Context(Context.LOCAL, localUrl(), Key.read(keyFile), tls());
  }

  private TlsFiles tls() {
    return TlsFiles.of(
        file("CHOWDER_TLS_CA"),
        file("CHOWDER_TLS_CLIENT_CERTIFICATE"),
        file("CHOWDER_TLS_CLIENT_KEY"),
        "CHOWDER_TLS_CLIENT_CERTIFICATE and CHOWDER_TLS_CLIENT_KEY");
  }

  private @Nullable Path file(String name) {
    return variable(name).map(Path::of).orElse(null);
  }

  private Optional<Key> key() {
    return variable("CHOWDER_KEY")
        .map(text -> Key.of(text, "CHOWDER_KEY"))
        .or(() -> variable("CHOWDER_KEY_FILE").map(Path::of).map(Key::read));
  }

  private Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isBlank());
  }

  private static ClientException urlWithoutKey() {
    return new ClientException(
        Kind.NO_KEY,
        "CHOWDER_KEY: must be set if CHOWDER_URL is, because keys of contexts are for their own servers; set it or CHOWDER_KEY_FILE");
  }
}
