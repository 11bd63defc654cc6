package dev.chowder.operate.organization;

import dev.chowder.api.operator.v1.CreateOrganizationKeyRequest;
import dev.chowder.api.operator.v1.CreateOrganizationKeyResponse;
import dev.chowder.api.operator.v1.CreateOrganizationRequest;
import dev.chowder.api.operator.v1.CreateOrganizationResponse;
import dev.chowder.api.operator.v1.ListOrganizationsRequest;
import dev.chowder.api.operator.v1.ListOrganizationsResponse;
import dev.chowder.api.operator.v1.Organization;
import dev.chowder.api.operator.v1.SetTierRequest;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import java.util.Optional;

/**
 * The organization that the first start creates, and its key in a file that only its owner can
 * read. Uses the operator API, since sign-up is closed if other machines can reach the server, and
 * since the old key may be lost.
 */
public record FirstOrganization(Site site, Operator operator) {
  /** The file with the key. It is written last, so it proves that all steps are done. */
  public static final String KEY_FILE = "organization.key";

  private static final String ID_FILE = "organization-id";
  private static final String NAME = "my-organization";

  /** The tier of a new organization, which may have one instance. */
  private static final String LOWEST_TIER = "shrimp";

  /** The commands that a start prints at its end create more instances. */
  private static final String TIER = "crab";

  /** Creates it unless it exists. Can be repeated after a failure of any step. */
  public void ensure() {
    if (site.text(KEY_FILE).isPresent()) return;
    var key = Optional.<String>empty();
    if (site.text(ID_FILE).isEmpty()) {
      var organization = find();
      if (organization.isEmpty()) {
        var created = create();
        key = Optional.of(created.getApiKey());
        organization = Optional.of(created.getOrganization());
      }
      raise(organization.get());
      site.write(ID_FILE, organization.get().getId() + "\n");
    }
    if (key.isEmpty()) {
      newKey();
      return;
    }
    site.write(KEY_FILE, key.get() + "\n");
    site.say(
        "Created an organization (tier %s, 10 instances); its key is in %s."
            .formatted(TIER, site.file(KEY_FILE)));
  }

  /**
   * Returns an organization that an earlier start created without recording its id; empty if there
   * is none, or if several have its name.
   */
  private Optional<Organization> find() {
    var all =
        operator
            .call(
                ListOrganizationsRequest.getDefaultInstance(),
                ListOrganizationsResponse.getDefaultInstance())
            .getOrganizationsList()
            .stream()
            .filter(one -> one.getName().equals(NAME) && one.getStanding().equals("active"))
            .toList();
    return all.size() == 1 ? Optional.of(all.getFirst()) : Optional.empty();
  }

  private CreateOrganizationResponse create() {
    return operator.call(
        CreateOrganizationRequest.newBuilder().setName(NAME).build(),
        CreateOrganizationResponse.getDefaultInstance());
  }

  private void raise(Organization organization) {
    if (!organization.getSubscriptionTier().equals(LOWEST_TIER)) return;
    var _ =
        operator.call(
            SetTierRequest.newBuilder()
                .setOrganizationId(organization.getId())
                .setTier(TIER)
                .build(),
            Organization.getDefaultInstance());
  }

  /** Creates a key, writes it into the file, and revokes the old one. */
  public void newKey() {
    var id =
        site.text(ID_FILE)
            .orElseThrow(
                () ->
                    ExitCode.NOT_FOUND.failure(
                        "there is no organization in this installation: run %s first"
                            .formatted(site.command("up"))));
    var created =
        operator.call(
            CreateOrganizationKeyRequest.newBuilder().setOrganizationId(id).build(),
            CreateOrganizationKeyResponse.getDefaultInstance());
    site.write(KEY_FILE, created.getApiKey() + "\n");
    site.say("Wrote a new key to %s.".formatted(site.file(KEY_FILE)));
  }
}
