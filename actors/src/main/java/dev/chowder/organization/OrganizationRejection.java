package dev.chowder.organization;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Why an organization refused. The gRPC edge maps each variant to one status code. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
  @JsonSubTypes.Type(value = OrganizationRejection.NotFound.class, name = "not_found"),
  @JsonSubTypes.Type(value = OrganizationRejection.AlreadyExists.class, name = "already_exists"),
  @JsonSubTypes.Type(value = OrganizationRejection.Invalid.class, name = "invalid"),
  @JsonSubTypes.Type(
      value = OrganizationRejection.ProviderNotConfigured.class,
      name = "provider_not_configured"),
  @JsonSubTypes.Type(value = OrganizationRejection.LimitReached.class, name = "limit_reached"),
  @JsonSubTypes.Type(
      value = OrganizationRejection.UpgradeUnderWay.class,
      name = "upgrade_under_way"),
  @JsonSubTypes.Type(value = OrganizationRejection.Suspended.class, name = "suspended"),
  @JsonSubTypes.Type(value = OrganizationRejection.AnotherCustomer.class, name = "another_customer")
})
public sealed interface OrganizationRejection {
  record NotFound() implements OrganizationRejection {}

  /** A node of an older version is still a member, and could not read the event. */
  record UpgradeUnderWay() implements OrganizationRejection {}

  record AlreadyExists() implements OrganizationRejection {}

  /** A field that is wrong only together with what was set before; {@code why} is got, expected. */
  record Invalid(String field, String why) implements OrganizationRejection {}

  record ProviderNotConfigured(ModelProvider provider) implements OrganizationRejection {}

  record LimitReached(int used, int limit) implements OrganizationRejection {}

  /** An operator suspended it, so it gets no new slot. */
  record Suspended() implements OrganizationRejection {}

  /** Stripe told of a customer that this organization is not. */
  record AnotherCustomer() implements OrganizationRejection {}
}
