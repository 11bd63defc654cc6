package dev.chowder.server.operator;

import dev.chowder.secret.Secret;
import java.util.List;
import java.util.Optional;

/** What an operator can order of organizations. May block; refuses with an {@code ApiError}. */
public interface OperatorCommands {
  /** The tiers that {@link #setTier} knows. */
  List<String> TIERS = List.of("shrimp", "crab", "lobster", "whale");

  /**
   * An organization that an operator created.
   *
   * @param key its first key, which cannot be read again
   */
  record Created(OrganizationSummary organization, Secret key) {}

  /**
   * Creates an organization, also while sign-up is closed.
   *
   * @param name 1 to 128 characters, else {@code INVALID_ARGUMENT}
   */
  Created create(String name);

  /** All organizations, oldest first. */
  List<OrganizationSummary> organizations();

  /** Sets the tier and returns the organization as it is then; empty when there is none. */
  Optional<OrganizationSummary> setTier(String organizationId, String tier);

  /**
   * Makes a new key for an organization, shown this once, in place of all former ones, which end
   * within a second; empty when there is no such organization.
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
