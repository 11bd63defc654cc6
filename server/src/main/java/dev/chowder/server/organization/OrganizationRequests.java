package dev.chowder.server.organization;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.ModelEndpoint;
import dev.chowder.api.v1.RotateApiKeyRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.request.Fields;
import dev.chowder.server.rules.Defaults;
import dev.chowder.server.rules.RuleCheck;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Reads the requests of {@code OrganizationService}. Does not know the settings of the
 * organization, so the organization checks whether an endpoint is complete after a merge.
 */
public final class OrganizationRequests {
  private static final int DEFAULT_GRACE_SECONDS =
      Defaults.of(RotateApiKeyRequest.getDescriptor(), "grace");
  private static final List<String> ENDPOINT_FIELDS = List.of("base_url", "model", "api");

  private final List<String> providers;
  private final Set<String> privateModelHosts;
  private final IntPredicate localhostPorts;

  /**
   * Creates a reader of requests.
   *
   * @param privateModelHosts private hosts that the operator allows, as {@code host} or {@code
   *     host:port}
   * @param localhostPorts ports of localhost that the operator listed
   */
  public OrganizationRequests(
      List<String> providers, Set<String> privateModelHosts, IntPredicate localhostPorts) {
    this.providers = List.copyOf(providers);
    this.privateModelHosts = Set.copyOf(privateModelHosts);
    this.localhostPorts = localhostPorts;
  }

  /**
   * A change of settings. Settings that it does not name stay.
   *
   * @param modelKeys new key by provider; an empty key removes it
   * @param modelEndpoints change of the endpoint by provider
   */
  public record Change(
      Optional<String> name,
      Map<String, Optional<Secret>> modelKeys,
      Map<String, EndpointChange> modelEndpoints) {}

  /** Returns the grace period of the replaced key. */
  public static Duration grace(RotateApiKeyRequest r) {
    return Duration.ofSeconds(r.hasGrace() ? r.getGrace() : DEFAULT_GRACE_SECONDS);
  }

  /** A change of the endpoint of one provider. */
  public sealed interface EndpointChange {
    /** Removes the endpoint. */
    record Remove() implements EndpointChange {}

    /**
     * Sets these fields ({@code base_url}, {@code model}, {@code api}), or removes those that are
     * empty. Other fields stay.
     */
    record Merge(Map<String, Optional<String>> fields) implements EndpointChange {}
  }

  public Change change(UpdateOrganizationRequest r) {
    return new Change(
        r.hasName() ? Optional.of(r.getName()) : Optional.empty(),
        keys(r.getModelApiKeysMap()),
        endpoints(r.getModelEndpoints()));
  }

  private Map<String, Optional<Secret>> keys(Map<String, String> keys) {
    var checked = new LinkedHashMap<String, Optional<Secret>>();
    keys.forEach(
        (provider, key) -> {
          Fields.oneOf("model_api_keys", provider, providers);
          checked.put(provider, key.isEmpty() ? Optional.empty() : Optional.of(Secret.of(key)));
        });
    return checked;
  }

  private Map<String, EndpointChange> endpoints(Struct endpoints) {
    var checked = new LinkedHashMap<String, EndpointChange>();
    endpoints
        .getFieldsMap()
        .forEach(
            (provider, value) -> {
              Fields.oneOf("model_endpoints", provider, providers);
              checked.put(provider, endpoint("model_endpoints." + provider, value));
            });
    return checked;
  }

  private EndpointChange endpoint(String field, Value value) {
    return switch (value.getKindCase()) {
      case NULL_VALUE -> new EndpointChange.Remove();
      case STRUCT_VALUE -> merge(field, value.getStructValue());
      case BOOL_VALUE, NUMBER_VALUE, STRING_VALUE, LIST_VALUE, KIND_NOT_SET ->
          throw ApiError.must(field, "be an object, or null to remove it", kind(value));
    };
  }

  private EndpointChange merge(String field, Struct endpoint) {
    var fields = new LinkedHashMap<String, Optional<String>>();
    endpoint
        .getFieldsMap()
        .forEach(
            (name, value) -> {
              Fields.oneOf(field, name, ENDPOINT_FIELDS);
              fields.put(name, endpointField(field + "." + name, name, value));
            });
    if (fields.isEmpty()) {
      throw ApiError.must(
          field, "have base_url, model or api, or be null to remove it", "an empty object");
    }
    return new EndpointChange.Merge(fields);
  }

  private Optional<String> endpointField(String field, String name, Value value) {
    return switch (value.getKindCase()) {
      case NULL_VALUE -> Optional.empty();
      case STRING_VALUE ->
          Optional.of(
              switch (name) {
                case "base_url" ->
                    BaseUrl.check(field, value.getStringValue(), privateModelHosts, localhostPorts);
                default -> ruled(field, name, value.getStringValue());
              });
      case BOOL_VALUE, NUMBER_VALUE, STRUCT_VALUE, LIST_VALUE, KIND_NOT_SET ->
          throw ApiError.must(field, "be a string", kind(value));
    };
  }

  /** Returns the text if it is within the rules of {@code ModelEndpoint}. */
  private static String ruled(String field, String name, String text) {
    var declared = ModelEndpoint.getDescriptor().findFieldByName(name);
    var prefix = field.substring(0, field.length() - name.length());
    RuleCheck.check(prefix, ModelEndpoint.newBuilder().setField(declared, text).build());
    return text;
  }

  private static String kind(Value value) {
    return switch (value.getKindCase()) {
      case NULL_VALUE -> "null";
      case BOOL_VALUE -> "a boolean";
      case NUMBER_VALUE -> "a number";
      case STRING_VALUE -> "a string";
      case STRUCT_VALUE -> "an object";
      case LIST_VALUE -> "an array";
      case KIND_NOT_SET -> "nothing";
    };
  }
}
