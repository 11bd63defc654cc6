package dev.chowder.server.organization;

import static dev.chowder.actor.ProtoTime.stamp;

import dev.chowder.api.v1.ModelEndpoint;
import dev.chowder.api.v1.Organization;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationView;

/** Builds the {@code Organization} message of the API. */
final class OrganizationPresenter {
  private OrganizationPresenter() {}

  static Organization organization(OrganizationView view) {
    var shown =
        Organization.newBuilder()
            .setId(view.id())
            .setName(view.name())
            .setSubscriptionTier(view.tier().label())
            .setInstanceCount(view.slots())
            .setCreatedAt(stamp(view.createdAt()))
            .setUpdatedAt(stamp(view.updatedAt()));
    view.tier().limit().ifPresent(shown::setInstanceLimit);
    view.usable().stream().map(ModelProvider::label).sorted().forEach(shown::addModelProviders);
    view.endpoints()
        .forEach(
            (provider, endpoint) -> {
              var e = ModelEndpoint.newBuilder().setBaseUrl(endpoint.baseUrl());
              if (!endpoint.model().isEmpty()) e.setModel(endpoint.model());
              if (!endpoint.api().isEmpty()) e.setApi(endpoint.api());
              shown.putModelEndpoints(provider.label(), e.build());
            });
    return shown.build();
  }
}
