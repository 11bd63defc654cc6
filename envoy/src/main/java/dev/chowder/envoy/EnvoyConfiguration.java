package dev.chowder.envoy;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Fills in the template of Envoy's configuration with variables, which {@link EnvoyVariable} lists
 * with their defaults. Starts nothing.
 */
public final class EnvoyConfiguration {
  private static final Pattern SEPARATOR = Pattern.compile(" *, *| +");
  private static final Pattern NODE =
      Pattern.compile("\\[?([^\\]\\[]+)]?:([0-9]+):([0-9]+):([0-9]+)");
  private static final Set<String> ANY_HOST = Set.of("*", "\"*\"");

  /** sockaddr_un has 108 bytes, so a longer path cannot be bound. */
  private static final int MAX_SOCKET = 107;

  private final Map<String, String> values;
  private String template = template();

  private EnvoyConfiguration(Map<String, String> values) {
    this.values = values;
  }

  /**
   * Returns the configuration, which contains a token: only the user that runs Envoy may read it.
   * With TLS, this also writes the paths of the certificate files into {@code
   * CHOWDER_ENVOY_SECRETS}.
   *
   * @param variables with CHOWDER_DESCRIPTORS and CHOWDER_OPENAPI, which have no default
   * @throws IllegalArgumentException if a variable or a file that it names is wrong
   */
  public static String render(Map<String, String> variables) {
    return new EnvoyConfiguration(EnvoyVariable.values(variables)).rendered();
  }

  private String rendered() {
    require(EnvoyVariable.CHOWDER_DESCRIPTORS);
    require(EnvoyVariable.CHOWDER_OPENAPI);
    var tls = new TlsVariables(values);
    tls.check();
    values.put("CHOWDER_ENVOY_TOKEN", token());
    addNodes();
    int length = value(EnvoyVariable.CHOWDER_ENVOY_ADMIN_SOCKET).length();
    if (length > MAX_SOCKET) {
      throw new IllegalArgumentException(
          must(
              EnvoyVariable.CHOWDER_ENVOY_ADMIN_SOCKET.name(),
              "be at most " + MAX_SOCKET + " characters",
              length));
    }
    if (ANY_HOST.contains(value(EnvoyVariable.CHOWDER_API_HOSTS))) {
      values.put(EnvoyVariable.CHOWDER_API_HOSTS.name(), "\"*\"");
      leaveOut("unknown hosts");
    }
    addCertificates(tls);
    return EnvoyVariable.filled(template, values);
  }

  private String token() {
    var file = value(EnvoyVariable.CHOWDER_ENVOY_TOKEN_FILE);
    try {
      return Files.readString(Path.of(file)).stripTrailing();
    } catch (IOException failed) {
      throw new IllegalArgumentException(
          cannot(
              "read the token in " + file,
              failed.getClass().getSimpleName(),
              "set CHOWDER_ENVOY_TOKEN_FILE to the file that the server creates at its first"
                  + " start"),
          failed);
    }
  }

  private void addNodes() {
    var nodes =
        SEPARATOR
            .splitAsStream(value(EnvoyVariable.CHOWDER_NODES).strip())
            .map(EnvoyConfiguration::node)
            .toList();
    var ports = Map.of("GRPC", 2, "OPERATOR", 3, "MONITORING", 4);
    ports.forEach(
        (name, group) -> {
          var endpoints =
              nodes.stream().map(node -> endpoint(node.group(1), node.group(group))).toList();
          values.put("CHOWDER_" + name + "_ENDPOINTS", String.join(", ", endpoints));
        });
    values.put("CHOWDER_ENVOY_MAX_REQUESTS", Long.toString(nodes.size() * openCalls()));
    values.put("CHOWDER_OTHER_NODES", Integer.toString(nodes.size() - 1));
  }

  private static MatchResult node(String text) {
    var node = NODE.matcher(text);
    if (node.matches()) return node.toMatchResult();
    throw new IllegalArgumentException(
        must(
            EnvoyVariable.CHOWDER_NODES.name(),
            "have the form host:gRPC port:operator port:monitoring port",
            text));
  }

  private static String endpoint(String host, String port) {
    return "{endpoint: {address: {socket_address: {address: \"%s\", port_value: %s}}}}"
        .formatted(host, port);
  }

  private long openCalls() {
    var calls = value(EnvoyVariable.CHOWDER_MAX_OPEN_CALLS);
    try {
      return Integer.parseInt(calls);
    } catch (NumberFormatException notANumber) {
      throw new IllegalArgumentException(
          must(EnvoyVariable.CHOWDER_MAX_OPEN_CALLS.name(), "be a whole number", calls),
          notANumber);
    }
  }

  private void addCertificates(TlsVariables tls) {
    var secrets = new SecretFiles(Path.of(value(EnvoyVariable.CHOWDER_ENVOY_SECRETS)));
    if (tls.isPublic()) {
      secrets.writeCertificate(
          "public_certificate",
          value(EnvoyVariable.CHOWDER_TLS_CERTIFICATE),
          value(EnvoyVariable.CHOWDER_TLS_KEY));
    } else {
      leaveOut("public TLS");
    }
    if (value(EnvoyVariable.CHOWDER_TLS_CLIENT_CA).isEmpty()) {
      leaveOut("client certificates");
    } else {
      secrets.writeCa("client_ca", value(EnvoyVariable.CHOWDER_TLS_CLIENT_CA));
    }
    if (tls.isInternal()) {
      secrets.writeCertificate(
          "internal_certificate",
          value(EnvoyVariable.CHOWDER_TLS_INTERNAL_CERTIFICATE),
          value(EnvoyVariable.CHOWDER_TLS_INTERNAL_KEY));
      secrets.writeCa("internal_ca", value(EnvoyVariable.CHOWDER_TLS_INTERNAL_CA));
    } else {
      leaveOut("internal TLS");
    }
  }

  /** Removes the lines between the BEGIN and END marks of this name from the template. */
  private void leaveOut(String name) {
    var part = "(?ms)^[^\\n]*# BEGIN %1$s.*?# END %1$s[^\\n]*\\n".formatted(Pattern.quote(name));
    template = template.replaceAll(part, "");
  }

  private void require(EnvoyVariable variable) {
    if (value(variable).isEmpty()) {
      throw new IllegalArgumentException(variable + " has no default");
    }
  }

  private String value(EnvoyVariable variable) {
    return Objects.requireNonNull(values.get(variable.name()), variable.name());
  }

  private static String template() {
    try (var file = EnvoyConfiguration.class.getResourceAsStream("envoy.yaml")) {
      return new String(
          Objects.requireNonNull(file, "envoy.yaml").readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
