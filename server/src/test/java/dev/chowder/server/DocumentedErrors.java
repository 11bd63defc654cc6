package dev.chowder.server;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.chowder.server.error.Reason;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The errors that a call may return according to the protocol's comments, {@link Reason} and
 * Envoy's configuration. Each source names code, status and reason, and they must agree.
 */
final class DocumentedErrors {
  static final Path REASONS =
      Path.of("..", "server/src/main/java/dev/chowder/server/error/Reason.java");
  static final Path ENVOY = Path.of("..", "envoy", "envoy.yaml");

  // `CODE` (404, `REASON` when ...; 429, `OTHER_REASON`)
  private static final Pattern IN_COMMENT = Pattern.compile("`([A-Z_]+)` \\(([^)]*[0-9][^)]*)\\)");
  private static final Pattern PAIR = Pattern.compile("(\\d{3}), `([A-Z_]+)`");
  private static final Pattern AS_ANOTHER = Pattern.compile("Errors: as `(\\w+)`");
  private static final Pattern IN_SOURCE =
      Pattern.compile("/\\*\\* ([^/]*?) \\*/\\s+([A-Z_]+)\\(Status");
  private static final Pattern BY_ENVOY =
      Pattern.compile(
          "default_value: (\\d+), runtime_key: none(?:(?!- filter:).)*?code: (\\d+)\\s+"
              + "message: \"([^\"]*)\"\\s+details: [^\n]*reason: ([A-Z_]+)",
          Pattern.DOTALL);

  private final ApiDescriptors api;

  DocumentedErrors(ApiDescriptors api) {
    this.api = api;
  }

  /** A response that Envoy gives without asking the server. */
  record ByEnvoy(int status, int code, String message, Reason reason) {}

  /** Returns the reasons that every call of the service may return. */
  Set<Reason> common(ServiceDescriptor service) {
    return in(api.comment(service));
  }

  /** Returns the further reasons of this method. */
  Set<Reason> own(MethodDescriptor method) {
    var comment = api.comment(method);
    var all = new LinkedHashSet<Reason>();
    var as = AS_ANOTHER.matcher(comment);
    while (as.find()) all.addAll(own(method.getService().findMethodByName(as.group(1))));
    all.addAll(in(comment));
    return all;
  }

  /**
   * Returns all errors of a call by HTTP status: those of its service, of its method and of Envoy.
   */
  SortedMap<Integer, Set<Reason>> of(RestCall call) throws IOException {
    var byStatus = new TreeMap<Integer, Set<Reason>>();
    var method = call.method();
    Stream.concat(
            common(method.getService()).stream().filter(reason -> concerns(reason, call)),
            own(method).stream())
        .forEach(reason -> add(byStatus, reason.httpStatus(), reason));
    byEnvoy().stream()
        .filter(answer -> concerns(answer.reason(), call))
        .forEach(answer -> add(byStatus, answer.status(), answer.reason()));
    return byStatus;
  }

  private static void add(Map<Integer, Set<Reason>> byStatus, int status, Reason reason) {
    byStatus.computeIfAbsent(status, _ -> EnumSet.noneOf(Reason.class)).add(reason);
  }

  /**
   * Returns whether a call can meet the condition of a reason that a service or Envoy documents for
   * all calls.
   */
  private static boolean concerns(Reason reason, RestCall call) {
    return switch (reason) {
      case KEY_INVALID, ORGANIZATION_SUSPENDED -> call.needsKey();
      case INSTANCE_NOT_FOUND ->
          call.method().getInputType().findFieldByName("instance_id") != null;
      case IDEMPOTENCY_KEY_REUSED, IN_PROGRESS -> call.takesIdempotencyKey();
      // An empty value, or one with dots, may lead to another path.
      case PATH_NOT_FOUND -> !call.fields(RestCall.Place.PATH).isEmpty();
      // Envoy returns it only for calls to an instance's host name.
      case GATEWAY_UNAVAILABLE -> false;
      default -> true;
    };
  }

  private static Set<Reason> in(String comment) {
    var reasons = new LinkedHashSet<Reason>();
    var error = IN_COMMENT.matcher(comment);
    while (error.find()) {
      var pair = PAIR.matcher(error.group(2));
      while (pair.find()) {
        var reason = Reason.valueOf(pair.group(2));
        require(reason, Status.Code.valueOf(error.group(1)), Integer.parseInt(pair.group(1)));
        reasons.add(reason);
      }
    }
    return reasons;
  }

  /** Returns when a reason is given, from its constant's comment. */
  static Map<Reason, String> meanings() throws IOException {
    return IN_SOURCE
        .matcher(Files.readString(REASONS))
        .results()
        .collect(
            Collectors.toMap(
                found -> Reason.valueOf(found.group(2)),
                found -> found.group(1).replaceAll("\\s*\\n\\s*\\*?\\s*", " ")));
  }

  /** Returns Envoy's own responses, in the order of its configuration. */
  static Set<ByEnvoy> byEnvoy() throws IOException {
    var answers =
        BY_ENVOY
            .matcher(Files.readString(ENVOY))
            .results()
            .map(
                found ->
                    new ByEnvoy(
                        Integer.parseInt(found.group(1)),
                        Integer.parseInt(found.group(2)),
                        found.group(3),
                        Reason.valueOf(found.group(4))))
            .collect(Collectors.toCollection(LinkedHashSet::new));
    answers.forEach(
        answer -> {
          if (answer.code() != answer.reason().code().value()) {
            throw new AssertionError(answer + ": must have the code of " + answer.reason());
          }
        });
    return answers;
  }

  private static void require(Reason reason, Status.Code code, int status) {
    if (reason.code() != code || reason.httpStatus() != status) {
      throw new AssertionError(
          "%s: documented as %s and %d; must be %s and %d"
              .formatted(reason, code, status, reason.code(), reason.httpStatus()));
    }
  }
}
