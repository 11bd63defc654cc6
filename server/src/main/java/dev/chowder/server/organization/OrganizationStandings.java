package dev.chowder.server.organization;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.organization.Standing;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * Returns whether an organization is active, for callers of gateway URLs, who have no API key.
 * Caches the result as long as a valid key is cached.
 */
public final class OrganizationStandings implements Predicate<String> {
  private static final int MAX_CACHED = 10_000;

  private final OrganizationRows rows;
  private final Cache<String, Boolean> active;

  public OrganizationStandings(OrganizationRows rows, Duration cacheTime) {
    this.rows = rows;
    this.active = Caffeine.newBuilder().maximumSize(MAX_CACHED).expireAfterWrite(cacheTime).build();
  }

  /**
   * Returns true if there is no row, since the row of a new organization may not be written yet.
   */
  @Override
  public boolean test(String organizationId) {
    return active.get(
        organizationId,
        id ->
            rows.get(id)
                .map(OrganizationRow::standing)
                .map(Standing.ACTIVE.label()::equals)
                .orElse(true));
  }
}
