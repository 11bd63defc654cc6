package dev.chowder.server.organization;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.ModelEndpoint;
import dev.chowder.api.v1.RotateApiKeyRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.organization.EndpointChange;
import dev.chowder.organization.ModelProvider;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.request.Fields;
import dev.chowder.server.rules.Defaults;
import dev.chowder.server.rules.RuleCheck;
import java.time.Duration;
import java.util.EnumMap;
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
      Map<ModelProvider, Optional<Secret>> modelKeys,
      Map<ModelProvider, EndpointChange> modelEndpoints) {}

  /** Returns the grace period of the replaced key. */
  public static Duration grace(RotateApiKeyRequest r) {
    return Duration.ofSeconds(r.hasGrace() ? r.getGrace() : DEFAULT_GRACE_SECONDS);
  }

  public Change change(UpdateOrganizationRequest r) {
    return new Change(
        r.hasName() ? Optional.of(r.getName()) : Optional.empty(),
        keys(r.getModelApiKeysMap()),
        endpoints(r.getModelEndpoints()));
  }

  private Map<ModelProvider, Optional<Secret>> keys(Map<String, String> keys) {
    Map<ModelProvider, Optional<Secret>> checked = new EnumMap<>(ModelProvider.class);
    keys.forEach(
        (provider, key) -> {
          var known = provider("model_api_keys", provider);
          checked.put(known, key.isEmpty() ? Optional.empty() : Optional.of(Secret.of(key)));
        });
    return checked;
  }

  private Map<ModelProvider, EndpointChange> endpoints(Struct endpoints) {
    Map<ModelProvider, EndpointChange> checked = new EnumMap<>(ModelProvider.class);
    endpoints
        .getFieldsMap()
        .forEach(
            (provider, value) -> {
              var known = provider("model_endpoints", provider);
              checked.put(known, endpoint("model_endpoints." + provider, value));
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
    var fields = new LinkedHashMap<String, String>();
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
    return new EndpointChange.Merge(
        Optional.ofNullable(fields.get("base_url")),
        Optional.ofNullable(fields.get("model")),
        Optional.ofNullable(fields.get("api")));
  }

  private ModelProvider provider(String field, String label) {
    Fields.oneOf(field, label, providers);
    return ModelProvider.ofLabel(label)
        .orElseThrow(() -> new IllegalStateException("provider " + label + " passed its check"));
  }

  /** Returns the new value of a field, which is empty if null removes it. */
  private String endpointField(String field, String name, Value value) {
    return switch (value.getKindCase()) {
      case NULL_VALUE -> "";
      case STRING_VALUE ->
          name.equals("base_url")
              ? BaseUrl.check(field, value.getStringValue(), privateModelHosts, localhostPorts)
              : ruled(field, name, value.getStringValue());
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
