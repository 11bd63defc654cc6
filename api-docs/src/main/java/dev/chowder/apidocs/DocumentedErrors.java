package dev.chowder.apidocs;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.chowder.api.v1.ErrorProto;
import dev.chowder.api.v1.OptionsProto;
import dev.chowder.api.v1.PossibleError;
import dev.chowder.api.v1.Reason;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The errors that a call may return: those of the options of its RPC and its service, and those of
 * Envoy.
 */
final class DocumentedErrors {
  private DocumentedErrors() {}

  /** Returns the errors that every call of the service may return. */
  static List<PossibleError> common(ServiceDescriptor service) {
    return service.getOptions().getExtension(OptionsProto.service).getErrorsList();
  }

  /** Returns the further errors of this method. */
  static List<PossibleError> own(MethodDescriptor method) {
    return RestCall.declared(method).getErrorsList();
  }

  /**
   * Returns all errors of a call by HTTP status: those of its service, of its method and of Envoy.
   */
  static SortedMap<Integer, Set<Reason>> of(RestCall call) {
    var byStatus = new TreeMap<Integer, Set<Reason>>();
    var method = call.method();
    Stream.concat(
            reasons(common(method.getService())).stream().filter(reason -> concerns(reason, call)),
            reasons(own(method)).stream())
        .forEach(reason -> add(byStatus, Reasons.http(reason), reason));
    EnvoyErrors.all().stream()
        .filter(reply -> concerns(reply.reason(), call))
        .forEach(reply -> add(byStatus, reply.status(), reply.reason()));
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

  /** Returns the reasons of the errors, each once. */
  static Set<Reason> reasons(List<PossibleError> errors) {
    return errors.stream()
        .map(PossibleError::getReason)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Returns the errors as lines of a Markdown list; empty if there are none. */
  static String list(List<PossibleError> errors) {
    return errors.stream()
        .map(
            error ->
                "- "
                    + Reasons.http(error.getReason())
                    + " `"
                    + error.getReason()
                    + "` "
                    + error.getWhen())
        .map(String::stripTrailing)
        .collect(Collectors.joining("\n"));
  }

  /** Returns when a reason is given, from the comments of the protocol. */
  static Map<Reason, String> meanings(ApiDescriptors api) {
    var meanings = new EnumMap<Reason, String>(Reason.class);
    for (var value : api.type(Reason.getDescriptor()).getValues()) {
      if (value.getOptions().hasExtension(ErrorProto.error)) {
        meanings.put(Reason.valueOf(value.getName()), api.comment(value));
      }
    }
    return meanings;
  }
}
