package dev.chowder.admission;

import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import dev.chowder.organization.ModelEndpoint;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Standing;
import dev.chowder.pool.PoolKeeper;
import dev.chowder.sandbox.ImageVariant;
import java.util.Optional;

/**
 * Knows what a create of an organization provisions: the model, its endpoint and key, and the
 * image. Reserves nothing.
 */
public record MemberSetups(OrganizationCalls organizations, ModelSettings settings)
    implements PoolKeeper.Setups {
  @Override
  public Optional<PoolKeeper.Offer> current(
      String organizationId, String provider, String model, String sandboxImage) {
    var wanted = ModelProvider.ofLabel(provider).orElseThrow();
    return able(organizationId, wanted)
        .map(
            view ->
                new PoolKeeper.Offer(
                    setup(view, wanted, Optional.of(model), sandboxImage),
                    Math.max(0, view.tier().limit().orElse(Integer.MAX_VALUE) - view.slots())));
  }

  /** As {@link Admission#provider}. */
  ModelProvider provider(String organizationId) {
    var usable = organizations.send(organizationId, OrganizationCommand.Get::new).usable();
    return ModelProvider.ofLabel(settings.provider())
        .filter(usable::contains)
        .or(() -> usable.size() == 1 ? Optional.of(usable.getFirst()) : Optional.empty())
        .orElseThrow(() -> new RejectedException(new Rejection.ProviderNotNamed(usable)));
  }

  /** As {@link Admission#memberSetup}. */
  Optional<PoolSetup> of(
      String organizationId, ModelProvider provider, Optional<String> model, String sandboxImage) {
    return able(organizationId, provider).map(view -> setup(view, provider, model, sandboxImage));
  }

  /** Returns the organization if it can create instances of this provider. */
  private Optional<OrganizationView> able(String organizationId, ModelProvider provider) {
    return organizations.reply(organizationId, OrganizationCommand.Get::new)
                instanceof OrganizationReply.Accepted(var view)
            && view.standing() == Standing.ACTIVE
            && view.usable().contains(provider)
        ? Optional.of(view)
        : Optional.empty();
  }

  /** Returns the setup of an instance of this organization. */
  PoolSetup setup(
      OrganizationView view, ModelProvider provider, Optional<String> model, String sandboxImage) {
    return new PoolSetup(
        choice(view, provider, model),
        view.keys().getOrDefault(provider, ""),
        ImageVariant.image(settings.image(), sandboxImage));
  }

  /**
   * Returns the model of an instance.
   *
   * @param model the requested model; if empty, that of the endpoint, otherwise the default of the
   *     provider
   */
  ModelChoice choice(OrganizationView view, ModelProvider provider, Optional<String> model) {
    var endpoint = view.endpoint(provider);
    return new ModelChoice(
        provider.label(),
        model
            .or(() -> endpoint.map(ModelEndpoint::model).filter(m -> !m.isEmpty()))
            .orElseGet(() -> defaultModel(provider)),
        endpoint.map(ModelEndpoint::baseUrl).orElse(""),
        endpoint.map(ModelEndpoint::api).orElse(""));
  }

  private String defaultModel(ModelProvider provider) {
    return switch (provider) {
      case ANTHROPIC -> settings.anthropic();
      case OPENAI -> settings.openai();
      case GEMINI -> settings.gemini();
      // The organization rejects a custom provider without an endpoint that names a model.
      case CUSTOM -> throw new IllegalStateException("custom endpoint without a model");
    };
  }
}
