package dev.chowder.server.operator;

import dev.chowder.key.ApiKeys;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationCommand.RecordKeyCreated;
import dev.chowder.organization.OrganizationReadRows;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.server.organization.SignUps;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.Paging;
import java.time.InstantSource;
import java.util.List;

/** Performs operators' commands on organizations. May block; rejects with an {@code ApiError}. */
public class OrganizationOperatorCommands {
  private static final int PAGE = 500;

  private final SignUps signUps;
  private final OrganizationClient client;
  private final OrganizationRows rows;
  private final ApiKeys keys;
  private final RevocationRecorder revocations;
  private final InstantSource clock;

  public OrganizationOperatorCommands(
      SignUps signUps,
      OrganizationClient client,
      OrganizationRows rows,
      ApiKeys keys,
      RevocationRecorder revocations,
      InstantSource clock) {
    this.signUps = signUps;
    this.client = client;
    this.rows = rows;
    this.keys = keys;
    this.revocations = revocations;
    this.clock = clock;
  }

  /** Creates an organization, even while sign-up is closed. */
  public SignUps.SignedUp create(String name) {
    return signUps.signUp(name);
  }

  /** Returns all organizations, oldest first. */
  public List<OrganizationView> organizations() {
    return Paging.rows(PAGE, after -> rows.list(PAGE, after), OrganizationRow::id)
        .map(OrganizationReadRows::view)
        .toList();
  }

  /** Sets one of the tiers of the protocol and returns the updated organization. */
  public OrganizationView setTier(String organizationId, String tier) {
    var wanted = Tier.ofLabel(tier).orElseThrow();
    return client.send(
        organizationId,
        replyTo -> new OrganizationCommand.SetTier(wanted, clock.instant(), replyTo));
  }

  /**
   * Creates an organization key and returns its value, which cannot be read again. Revokes the
   * organization's other organization keys, which are rejected within a second. Scoped keys stay
   * valid.
   */
  public Secret newKey(String organizationId) {
    var _ = client.send(organizationId, OrganizationCommand.Get::new);
    var previous = keys.organizationKeys(organizationId);
    var issued = keys.issueOrganizationKey(organizationId);
    var _ =
        client.send(
            organizationId, to -> new RecordKeyCreated("", issued.keyId(), clock.instant(), to));
    for (var keyId : previous) keys.revoke(organizationId, keyId, "");
    revocations.record(previous);
    return issued.value();
  }
}
