package dev.chowder.organization;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * The reason why an organization rejects a command. The gRPC edge maps each variant to one status
 * code.
 */
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

  /** A member of the cluster runs an older version, which could not read the event. */
  record UpgradeUnderWay() implements OrganizationRejection {}

  record AlreadyExists() implements OrganizationRejection {}

  /**
   * A field is invalid in combination with stored settings; {@code why} states the rule and the
   * value.
   */
  record Invalid(String field, String why) implements OrganizationRejection {}

  record ProviderNotConfigured(ModelProvider provider) implements OrganizationRejection {}

  record LimitReached(int used, int limit) implements OrganizationRejection {}

  /** An operator suspended the organization, so it gets no new slot. */
  record Suspended() implements OrganizationRejection {}

  /** The Stripe event names a customer that is not linked to this organization. */
  record AnotherCustomer() implements OrganizationRejection {}
}
