package dev.chowder.admission;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.gateway.ModelSetups.Current;
import dev.chowder.instance.ModelChoice;
import dev.chowder.organization.ModelEndpoint;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretStore;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads the keys of organizations for model providers. The organization knows which one is current.
 */
public record OrganizationKeys(OrganizationCalls organizations, SecretStore secrets)
    implements ModelSetups.Keys {
  /** Number of tries. A key may be replaced, and its value deleted, between the two queries. */
  private static final int TRIES = 2;

  @Override
  public Optional<Secret> of(String organizationId, ModelChoice model) {
    return read(
            organizationId,
            model,
            view -> {
              if (view.keys().containsKey(provider(model))) {
                checkOrigin(view, provider(model), model.baseUrl());
              }
              return Optional.of(model);
            })
        .key();
  }

  @Override
  public Current current(String organizationId, ModelChoice model) {
    return read(
        organizationId,
        model,
        view -> {
          var endpoint = view.endpoint(provider(model));
          return endpoint.isEmpty() && provider(model) == ModelProvider.CUSTOM
              ? Optional.empty()
              : Optional.of(
                  new ModelChoice(
                      model.provider(),
                      model.model(),
                      endpoint.map(ModelEndpoint::baseUrl).orElse(""),
                      endpoint.map(ModelEndpoint::api).orElse("")));
        });
  }

  /** Returns the key with a model that is read from the same state of the organization. */
  private Current read(
      String organizationId,
      ModelChoice model,
      Function<OrganizationView, Optional<ModelChoice>> choice) {
    var provider = provider(model);
    for (int n = 0; n < TRIES; n++) {
      var view = organizations.sendForEffect(organizationId, OrganizationCommand.Get::new);
      var chosen = choice.apply(view);
      var version = view.keys().get(provider);
      if (version == null || chosen.isEmpty()) return new Current(chosen, Optional.empty());
      var key = secrets.get(organizationId, provider.secretName(version));
      if (key.isPresent()) return new Current(chosen, key);
    }
    throw notConfigured(
        cannot(
            "read the key of " + provider.label(), "its stored value is missing", "set it again"));
  }

  private static ModelProvider provider(ModelChoice model) {
    return ModelProvider.ofLabel(model.provider()).orElseThrow();
  }

  /** Rejects a key for another origin, since the endpoint is that of the creation. */
  private static void checkOrigin(OrganizationView view, ModelProvider provider, String baseUrl) {
    var origin =
        baseUrl.isEmpty()
            ? Optional.<String>empty()
            : Optional.of(new ModelEndpoint(baseUrl, "", "").origin());
    if (!origin.equals(view.endpoint(provider).map(ModelEndpoint::origin))) {
      throw notConfigured(
          cannot(
              "use the key of " + provider.label(),
              "the endpoint of the organization has had another scheme, host or port since the instance"
                  + " was created",
              "recover the instance"));
    }
  }

  private static WorkFailure notConfigured(String why) {
    return new WorkFailure("MODEL_PROVIDER_NOT_CONFIGURED", why);
  }
}
