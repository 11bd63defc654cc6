package dev.chowder.server.operator;

import dev.chowder.api.v1.Reason;
import dev.chowder.key.ApiKeys;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationCommand.RecordKeyCreated;
import dev.chowder.organization.OrganizationReadRows;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Tier;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.server.organization.SignUps;
import dev.chowder.storage.OrganizationRows;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Performs the operators' commands on organizations. */
public final class OrganizationOperatorCommands implements OperatorCommands {
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

  @Override
  public Created create(String name) {
    var created = signUps.signUp(name);
    return new Created(summary(created.organization()), created.key());
  }

  @Override
  public List<OrganizationSummary> organizations() {
    var all = new ArrayList<OrganizationSummary>();
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.list(PAGE, after);
      page.forEach(row -> all.add(summary(OrganizationReadRows.view(row))));
      if (page.size() < PAGE) return all;
      after = Optional.of(page.getLast().id());
    }
  }

  @Override
  public Optional<OrganizationSummary> setTier(String organizationId, String tier) {
    var wanted = Tier.ofLabel(tier).orElseThrow();
    return ifFound(
        () ->
            summary(
                client.send(
                    organizationId,
                    replyTo -> new OrganizationCommand.SetTier(wanted, clock.instant(), replyTo))));
  }

  @Override
  public Optional<Secret> newKey(String organizationId) {
    return ifFound(
        () -> {
          var _ = client.send(organizationId, OrganizationCommand.Get::new);
          var previous = keys.organizationKeys(organizationId);
          var issued = keys.issueOrganizationKey(organizationId);
          var _ =
              client.send(
                  organizationId,
                  to -> new RecordKeyCreated("", issued.keyId(), clock.instant(), to));
          for (var keyId : previous) keys.revoke(organizationId, keyId, "");
          revocations.record(previous);
          return issued.value();
        });
  }

  /** Returns the result of a command, or empty if it finds no such organization. */
  public static <T> Optional<T> ifFound(Supplier<T> command) {
    try {
      return Optional.of(command.get());
    } catch (ApiError why) {
      if (why.reason() == Reason.ORGANIZATION_NOT_FOUND) return Optional.empty();
      throw why;
    }
  }

  /** Returns the summary of an organization for operators. */
  public static OrganizationSummary summary(OrganizationView view) {
    var limit = view.tier().limit();
    return new OrganizationSummary(
        view.id(),
        view.name(),
        view.tier().label(),
        limit.isPresent() ? Optional.of(limit.getAsInt()) : Optional.empty(),
        view.slots(),
        view.standing().label());
  }
}
