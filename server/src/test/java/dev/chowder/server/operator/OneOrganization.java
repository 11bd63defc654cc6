package dev.chowder.server.operator;

import dev.chowder.organization.OrganizationRejection;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Standing;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.organization.SignUps;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** An installation with one organization. */
public class OneOrganization extends OrganizationOperatorCommands {
  public static final String ID = "01900000-0000-7000-8000-00000000000a";

  private static final Instant SINCE = Instant.parse("2026-01-01T00:00:00Z");

  /** Creates commands without parts, which no method here uses. */
  @SuppressWarnings("NullAway")
  public OneOrganization() {
    super(null, null, null, null, null, null);
  }

  /** Returns the organization. */
  public static OrganizationView view(Tier tier, Standing standing) {
    return new OrganizationView(
        ID, 1, "me", tier, standing, 3, Map.of(), List.of(), Map.of(), "", "", SINCE, SINCE);
  }

  @Override
  public SignUps.SignedUp create(String name) {
    return new SignUps.SignedUp(
        view(Tier.SHRIMP, Standing.ACTIVE), Secret.of("chd_org_of_" + name));
  }

  @Override
  public List<OrganizationView> organizations() {
    return List.of(view(Tier.CRAB, Standing.ACTIVE));
  }

  @Override
  public OrganizationView setTier(String id, String tier) {
    check(id);
    return view(Tier.ofLabel(tier).orElseThrow(), Standing.ACTIVE);
  }

  @Override
  public Secret newKey(String id) {
    check(id);
    return Secret.of("chd_org_new");
  }

  /** Rejects the id of another organization. */
  public static void check(String id) {
    if (!id.equals(ID)) throw RejectionErrors.of(new OrganizationRejection.NotFound());
  }
}
