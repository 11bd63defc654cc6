package dev.chowder.organization;

import static dev.chowder.base.ErrorText.rule;

import dev.chowder.organization.OrganizationCommand.Update;
import dev.chowder.organization.OrganizationEvent.EndpointRemoved;
import dev.chowder.organization.OrganizationEvent.EndpointSet;
import dev.chowder.organization.OrganizationEvent.ProviderKeyRemoved;
import dev.chowder.organization.OrganizationEvent.ProviderKeySet;
import dev.chowder.organization.OrganizationEvent.Renamed;
import dev.chowder.organization.OrganizationState.Active;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Decides {@link Update}: all of its settings change, or none. Pure. */
final class OrganizationUpdate {
  private OrganizationUpdate() {}

  static Decision decide(Active state, Update update) {
    // The command was resent: its settings were changed together with its keys.
    if (state.keys().remembersAny(update.keysSet())) return Decision.accept();
    List<OrganizationEvent> events = new ArrayList<>();
    update
        .name()
        .filter(name -> !name.equals(state.name()))
        .ifPresent(name -> events.add(new Renamed(update.keyId(), name, update.now())));
    for (ModelProvider provider : new TreeSet<>(update.keysRemoved())) {
      if (state.keys().has(provider)) {
        events.add(new ProviderKeyRemoved(update.keyId(), provider, update.now()));
      }
    }
    // A new version always gets an event: even if there was a key, its value may differ.
    new TreeMap<>(update.keysSet())
        .forEach(
            (provider, version) ->
                events.add(new ProviderKeySet(update.keyId(), provider, version, update.now())));
    for (Map.Entry<ModelProvider, EndpointChange> change :
        new TreeMap<>(update.endpoints()).entrySet()) {
      ModelProvider provider = change.getKey();
      Optional<ModelEndpoint> before = Optional.ofNullable(state.endpoints().get(provider));
      boolean keyStays =
          state.keys().has(provider)
              && !update.keysSet().containsKey(provider)
              && !update.keysRemoved().contains(provider);
      switch (change.getValue()) {
        case EndpointChange.Remove() -> {
          // Without an endpoint, the key of the custom provider is not sent anywhere.
          if (before.isPresent() && keyStays && provider != ModelProvider.CUSTOM) {
            return Decision.reject(keyRequired(provider, ""));
          }
          if (before.isPresent()) {
            events.add(new EndpointRemoved(update.keyId(), provider, update.now()));
          }
        }
        case EndpointChange.Merge merge -> {
          ModelEndpoint after = merge(before, merge);
          Optional<OrganizationRejection> incomplete = incomplete(provider, after);
          if (incomplete.isPresent()) return Decision.reject(incomplete.get());
          if (keyStays && !before.map(ModelEndpoint::origin).equals(Optional.of(after.origin()))) {
            return Decision.reject(keyRequired(provider, ".base_url"));
          }
          if (!before.equals(Optional.of(after))) {
            events.add(new EndpointSet(update.keyId(), provider, after, update.now()));
          }
        }
      }
    }
    return new Decision.Accept(List.copyOf(events));
  }

  /**
   * Returns the rejection of a changed origin without a new key. A stored key is sent only to the
   * origin that it was given for. Otherwise a caller who may change settings, but cannot read keys,
   * could send one to another server.
   */
  private static OrganizationRejection keyRequired(ModelProvider provider, String field) {
    return new OrganizationRejection.Invalid(
        "model_endpoints." + provider.label() + field,
        rule(
            "come with model_api_keys." + provider.label() + " when scheme, host or port change",
            "no key"));
  }

  private static ModelEndpoint merge(Optional<ModelEndpoint> before, EndpointChange.Merge change) {
    return new ModelEndpoint(
        change.baseUrl().or(() -> before.map(ModelEndpoint::baseUrl)).orElse(""),
        change.model().or(() -> before.map(ModelEndpoint::model)).orElse(""),
        change.api().or(() -> before.map(ModelEndpoint::api)).orElse(""));
  }

  private static Optional<OrganizationRejection> incomplete(
      ModelProvider provider, ModelEndpoint endpoint) {
    String field = "model_endpoints." + provider.label();
    if (endpoint.baseUrl().isEmpty()) {
      return Optional.of(
          new OrganizationRejection.Invalid(
              field + ".base_url", rule("be the URL of the models", "none")));
    }
    if (provider == ModelProvider.CUSTOM && endpoint.model().isEmpty()) {
      return Optional.of(
          new OrganizationRejection.Invalid(
              field + ".model", rule("be the model of instances that name none", "none")));
    }
    return Optional.empty();
  }
}
