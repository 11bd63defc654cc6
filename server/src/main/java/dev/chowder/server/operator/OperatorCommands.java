package dev.chowder.server.operator;

import dev.chowder.secret.Secret;
import java.util.List;
import java.util.Optional;

/** Operators' commands about organizations. May block; rejects with an {@code ApiError}. */
public interface OperatorCommands {
  /**
   * An organization that an operator created.
   *
   * @param key the first organization key, which cannot be read again
   */
  record Created(OrganizationSummary organization, Secret key) {}

  /** Creates an organization, even while sign-up is closed. */
  Created create(String name);

  /** Returns all organizations, oldest first. */
  List<OrganizationSummary> organizations();

  /**
   * Sets one of the tiers of the protocol and returns the updated organization; empty if it does
   * not exist.
   */
  Optional<OrganizationSummary> setTier(String organizationId, String tier);

  /**
   * Creates an organization key and returns its value, which cannot be read again. Revokes the
   * organization's other organization keys, which are rejected within a second. Scoped keys stay
   * valid. Empty if the organization does not exist.
   */
  Optional<Secret> newKey(String organizationId);

  /**
   * An operator's view of an organization.
   *
   * @param instanceLimit empty if unlimited
   * @param standing {@code active}, {@code suspended}, {@code deleting} or {@code deleted}
   */
  record OrganizationSummary(
      String id,
      String name,
      String tier,
      Optional<Integer> instanceLimit,
      int instanceCount,
      String standing) {}
}
