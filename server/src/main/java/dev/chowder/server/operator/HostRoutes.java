package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.chowder.api.v1.Reason;
import dev.chowder.hostport.HostPortSettings;
import dev.chowder.server.error.ApiError;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Maps requests on the operator port to {@link HostCommands}. */
final class HostRoutes {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** Maximum length of a list, which is for operators to read, not for programs to page through. */
  private static final int MAX_LISTED = 1000;

  private static final String PREFIX = "sb-";
  private static final Pattern SANDBOX = Pattern.compile(PREFIX + "[0-9a-f-]{36}");

  private final HostCommands host;

  HostRoutes(HostCommands host) {
    this.host = host;
  }

  /**
   * Performs a request.
   *
   * @param path segments below {@code /operator/}
   */
  OperatorAnswer answer(String method, List<String> path) {
    return switch (path.getFirst()) {
      case "owed" -> {
        expect(path, 1);
        OperatorRoutes.require(method, "GET");
        yield pending();
      }
      case "reconciler" -> {
        if (path.size() == 2 && path.get(1).equals("release")) {
          OperatorRoutes.require(method, "POST");
          yield release();
        }
        expect(path, 1);
        OperatorRoutes.require(method, "GET");
        yield reconciler();
      }
      case "sandboxes" -> {
        expect(path, 3);
        if (!path.get(2).equals("remove")) throw OperatorRoutes.notFound();
        OperatorRoutes.require(method, "POST");
        yield remove(path.get(1));
      }
      case "host-ports" -> {
        if (path.size() == 1) {
          OperatorRoutes.require(method, "GET");
          yield hostPorts();
        }
        expect(path, 3);
        boolean listed = path.get(2).equals("open");
        if (!listed && !path.get(2).equals("close")) throw OperatorRoutes.notFound();
        OperatorRoutes.require(method, "POST");
        host.decideHostPort(port(path.get(1)), listed);
        yield hostPorts();
      }
      default -> throw OperatorRoutes.notFound();
    };
  }

  /** Returns the response to a bulk recover; {@code body} selects the instances. */
  OperatorAnswer recover(JsonNode body) {
    var done = host.recover(text(body, "error_reason"), text(body, "organization_id"));
    var answer = NODES.objectNode().put("recovered", done.recovered()).put("left", done.left());
    answer.put("refused_count", done.refused().size());
    var refused = answer.putArray("refused");
    done.refused().stream()
        .limit(MAX_LISTED)
        .forEach(
            one ->
                refused
                    .addObject()
                    .put("instance_id", one.instanceId())
                    .put("reason", one.reason())
                    .put("message", one.message()));
    return OperatorAnswer.json(200, answer);
  }

  private static Optional<String> text(JsonNode body, String field) {
    var value = body.path(field);
    if (value.isMissingNode()) return Optional.empty();
    if (!value.isTextual()) throw ApiError.must(field, "be a string", value);
    return Optional.of(value.asText());
  }

  private static int port(String text) {
    if (text.matches("[0-9]{1,5}")) {
      int port = Integer.parseInt(text);
      if (port >= 1 && port <= HostPortSettings.LAST_PORT) return port;
    }
    throw ApiError.must("port", "be 1 to " + HostPortSettings.LAST_PORT, text);
  }

  private OperatorAnswer hostPorts() {
    var answer = NODES.objectNode();
    var array = answer.putArray("host_ports");
    for (var one : host.hostPorts()) {
      var shown =
          array
              .addObject()
              .put("port", one.port())
              .put("state", one.state())
              .put("open", one.open())
              .put("organization_count", one.organizations().size());
      var organizations = shown.putArray("organizations");
      one.organizations().stream().limit(MAX_LISTED).forEach(organizations::add);
    }
    return OperatorAnswer.json(200, answer);
  }

  private static void expect(List<String> path, int size) {
    if (path.size() != size) throw OperatorRoutes.notFound();
  }

  private OperatorAnswer pending() {
    var answer = NODES.objectNode();
    var array = answer.putArray("owed");
    for (var one : host.pending(MAX_LISTED)) {
      array
          .addObject()
          .put("instance_id", one.instanceId())
          .put("organization_id", one.organizationId())
          .put("status", one.status())
          .put("what", one.what())
          .put("since", one.since().toString());
    }
    return OperatorAnswer.json(200, answer);
  }

  private OperatorAnswer reconciler() {
    var answer = NODES.objectNode();
    var halt = host.halt();
    answer.put("halted", halt.isPresent());
    halt.ifPresent(
        why -> {
          var shown = answer.putObject("halt");
          shown.put("since", why.since().toString()).put("limit", why.limit());
          shown.put("count", why.sandboxes().size());
          var sandboxes = shown.putArray("sandboxes");
          why.sandboxes().stream().limit(MAX_LISTED).forEach(sandboxes::add);
        });
    var unknown = host.unknown();
    answer.put("unknown_count", unknown.size());
    var array = answer.putArray("unknown");
    unknown.stream()
        .limit(MAX_LISTED)
        .forEach(
            one -> {
              var shown = array.addObject();
              shown
                  .put("sandbox_id", one.sandboxId())
                  .put("why", one.why())
                  .put("since", one.since().toString())
                  .put("runs", one.runs());
              one.generation().ifPresent(home -> shown.put("home_generation", home));
            });
    return OperatorAnswer.json(200, answer);
  }

  private OperatorAnswer release() {
    if (host.release()) return OperatorAnswer.json(200, NODES.objectNode().put("released", true));
    throw ApiError.of(
        Reason.WRONG_STATE, cannot("release the reconciler", "the reconciler is not halted"));
  }

  static boolean isSandbox(String text) {
    return SANDBOX.matcher(text).matches();
  }

  /** Returns the id of a sandbox's instance. */
  static String instanceId(String sandboxId) {
    return sandboxId.substring(PREFIX.length());
  }

  private OperatorAnswer remove(String sandboxId) {
    if (!isSandbox(sandboxId)) {
      throw ApiError.must("sandbox_id", "be sb- and a UUID", sandboxId);
    }
    host.remove(sandboxId);
    return OperatorAnswer.json(200, NODES.objectNode().put("removed", sandboxId));
  }
}
