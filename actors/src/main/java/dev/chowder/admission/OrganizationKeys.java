package dev.chowder.admission;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.instance.ModelChoice;
import dev.chowder.organization.ModelEndpoint;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretStore;
import java.util.Optional;

/**
 * Reads the keys of organizations for model providers. The organization knows which one is current.
 */
public record OrganizationKeys(OrganizationCalls organizations, SecretStore secrets)
    implements ModelSetups.Keys {
  /** Number of tries. A key may be replaced, and its value deleted, between the two queries. */
  private static final int TRIES = 2;

  @Override
  public Optional<Secret> of(String organizationId, ModelChoice model) {
    var provider = ModelProvider.ofLabel(model.provider()).orElseThrow();
    for (int n = 0; n < TRIES; n++) {
      var view = organizations.sendForEffect(organizationId, OrganizationCommand.Get::new);
      var version = view.keys().get(provider);
      if (version == null) return Optional.empty();
      checkOrigin(view, provider, model.baseUrl());
      var key = secrets.get(organizationId, provider.secretName(version));
      if (key.isPresent()) return key;
    }
    throw notConfigured(
        cannot(
            "read the key of " + provider.label(), "its stored value is missing", "set it again"));
  }

  /** Rejects a key for another origin, since an instance keeps the endpoint of its creation. */
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
