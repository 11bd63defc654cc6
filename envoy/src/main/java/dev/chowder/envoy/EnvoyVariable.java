package dev.chowder.envoy;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A variable of Envoy's configuration. The constants have the names of the variables. */
public enum EnvoyVariable {
  CHOWDER_BIND("127.0.0.1", "Address on which Envoy serves REST and gRPC."),
  CHOWDER_REST_PORT("8080", "Port on which Envoy serves REST and gRPC."),
  CHOWDER_OPERATOR_BIND("127.0.0.1", "Address on which Envoy serves the operator API as REST."),
  CHOWDER_OPERATOR_REST_PORT("9096", "Port on which Envoy serves the operator API as REST."),
  CHOWDER_HOME("${HOME}/.local/share/chowder", "State directory of the installation."),
  CHOWDER_ENVOY_TOKEN_FILE(
      "${CHOWDER_HOME}/envoy.token",
      "File with the token that authenticates Envoy at the server. The server creates it at its"
          + " first start."),
  CHOWDER_ENVOY_ADMIN_SOCKET(
      "${CHOWDER_HOME}/run/envoy-admin.sock",
      "Envoy's admin interface: a Unix socket of mode 0600, so that only the user that runs Envoy"
          + " can connect."),
  CHOWDER_ENVOY_SECRETS(
      "${CHOWDER_HOME}/run/envoy-secrets",
      "Folder for files with the paths of the certificates, which Envoy watches."),
  CHOWDER_ENVOY_MAX_HEAP_BYTES(
      "1073741824", "Maximum heap of Envoy, which reduces load from 80 % on."),
  CHOWDER_GRPC_PORT("9090", "gRPC port of the only node, for the default of CHOWDER_NODES."),
  CHOWDER_OPERATOR_PORT(
      "9091", "Operator port of the only node, for the default of CHOWDER_NODES."),
  CHOWDER_MONITORING_PORT(
      "9095", "Monitoring port of the only node, for the default of CHOWDER_NODES."),
  CHOWDER_NODES(
      "127.0.0.1:${CHOWDER_GRPC_PORT}:${CHOWDER_OPERATOR_PORT}:${CHOWDER_MONITORING_PORT}",
      "The server's nodes, comma-separated, each as host:gRPC port:operator port:monitoring port."),
  CHOWDER_DESCRIPTORS("", "The descriptor set of the protocol, chowder.pb."),
  CHOWDER_OPENAPI("", "The OpenAPI document of the protocol, which Envoy serves."),
  CHOWDER_BASE_DOMAIN(
      "localhost", "Domain of instances' gateways, which have the host names ID.BASE-DOMAIN."),
  CHOWDER_API_HOSTS(
      "\"localhost\", \"127.0.0.1\", \"[::1]\"",
      "Host names of the API, quoted and comma-separated; \"*\" serves any."),
  CHOWDER_CORS_ORIGINS(
      "https?://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?",
      "An RE2 expression for the whole Origin of permitted web pages. The default permits pages of"
          + " this machine."),
  CHOWDER_MAX_BODY_BYTES("4194304", "Maximum size of a REST body."),
  CHOWDER_BODY_SECONDS(
      "30",
      "How long a REST body may take to arrive. Uploads and imports have no such limit: the server"
          + " aborts those that are too slow."),
  CHOWDER_MAX_EVENT_BYTES(
      "262144", "Maximum size of a Stripe event; must equal chowder.stripe.max-event-bytes."),
  CHOWDER_EVENT_SECONDS(
      "5",
      "How long the body of a call without a key, a sign-up or a Stripe event, may take to"
          + " arrive."),
  CHOWDER_MAX_OPEN_CALLS(
      "20000",
      "Open calls of each node; must equal chowder.grpc.max-open-calls. Envoy's own limit is the"
          + " sum over all nodes."),
  CHOWDER_NO_KEY_PER_SECOND(
      "100", "Requests each second without a well-formed API key from one client address."),
  CHOWDER_NO_KEY_BURST("500", "The same requests at once after a pause."),
  CHOWDER_TLS_CERTIFICATE("", "Certificate for callers. It turns TLS on."),
  CHOWDER_TLS_KEY("", "Key of CHOWDER_TLS_CERTIFICATE."),
  CHOWDER_TLS_CLIENT_CA("", "CA of callers, if callers must have certificates."),
  CHOWDER_TLS_INTERNAL_CERTIFICATE("", "Certificate of Envoy for nodes. It turns TLS to nodes on."),
  CHOWDER_TLS_INTERNAL_KEY("", "Key of CHOWDER_TLS_INTERNAL_CERTIFICATE."),
  CHOWDER_TLS_INTERNAL_CA("", "CA of the certificates of nodes."),
  CHOWDER_TLS_INTERNAL_NAME("chowder-node", "The name that all nodes' certificates have.");

  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([A-Z_]+)}");

  private final String otherwise;
  private final String description;

  EnvoyVariable(String otherwise, String description) {
    this.otherwise = otherwise;
    this.description = description;
  }

  /** Returns the default, which may refer to earlier variables; empty if there is none. */
  public String otherwise() {
    return otherwise;
  }

  /** Returns what the variable means, in sentences. */
  public String description() {
    return description;
  }

  /** Returns the values of all these variables, with the defaults of those that are not set. */
  static Map<String, String> values(Map<String, String> variables) {
    var values = new HashMap<String, String>();
    // A system unit has no HOME.
    var home = variables.getOrDefault("HOME", "");
    values.put("HOME", home.isEmpty() ? System.getProperty("user.home", "/") : home);
    for (var variable : values()) {
      var given = variables.getOrDefault(variable.name(), "");
      values.put(variable.name(), given.isEmpty() ? filled(variable.otherwise, values) : given);
    }
    return values;
  }

  /** Replaces each reference to a variable by its value. */
  static String filled(String text, Map<String, String> values) {
    return REFERENCE
        .matcher(text)
        .replaceAll(
            reference -> {
              var value = values.get(reference.group(1));
              if (value == null)
                throw new IllegalStateException("no value for " + reference.group());
              return Matcher.quoteReplacement(value);
            });
  }
}
