package dev.chowder.operate.admin.node;

import com.google.protobuf.Message;
import dev.chowder.api.operator.v1.CreateOrganizationKeyRequest;
import dev.chowder.api.operator.v1.CreateOrganizationKeyResponse;
import dev.chowder.api.operator.v1.CreateOrganizationRequest;
import dev.chowder.api.operator.v1.CreateOrganizationResponse;
import dev.chowder.api.operator.v1.DeleteOrganizationRequest;
import dev.chowder.api.operator.v1.ListOrganizationsRequest;
import dev.chowder.api.operator.v1.ListOrganizationsResponse;
import dev.chowder.api.operator.v1.Organization;
import dev.chowder.api.operator.v1.ResumeOrganizationRequest;
import dev.chowder.api.operator.v1.RevokeKeysRequest;
import dev.chowder.api.operator.v1.RevokeKeysResponse;
import dev.chowder.api.operator.v1.SetTierRequest;
import dev.chowder.api.operator.v1.SuspendOrganizationRequest;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.cli.output.Printable;
import dev.chowder.cli.output.Table;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code organizations}. */
@Command(
    name = "organizations",
    description = "Create, list, limit, suspend and delete organizations")
public final class OrganizationsCommand extends NodeCommand {
  private static final String ID = "id of the organization";

  @Command(name = "ls", description = "List organizations, oldest first")
  void list(@Mixin CallOptions options) {
    show(
        options,
        ListOrganizationsRequest.getDefaultInstance(),
        ListOrganizationsResponse.getDefaultInstance(),
        response -> print(table(response.getOrganizationsList())));
  }

  @Command(
      description =
          "Create an organization, also while sign-up is closed, and print its first key, which is"
              + " shown only once")
  void create(
      @Parameters(paramLabel = "NAME", description = "its name") String name,
      @Mixin CallOptions options) {
    show(
        options,
        CreateOrganizationRequest.newBuilder().setName(name).build(),
        CreateOrganizationResponse.getDefaultInstance(),
        created -> {
          line(Printable.line(created.getApiKey()));
          say(
              "Created the organization %s with tier %s; its key is shown only once."
                  .formatted(
                      created.getOrganization().getId(),
                      created.getOrganization().getSubscriptionTier()));
        });
  }

  @Command(
      description =
          "Delete an organization permanently: its keys, instances, secrets and subscription")
  void delete(
      @Parameters(paramLabel = "ID", description = ID) String id,
      @Option(
              names = "--name",
              paramLabel = "NAME",
              required = true,
              description = "name of the organization, as a confirmation")
          String name,
      @Mixin CallOptions options) {
    var request = DeleteOrganizationRequest.newBuilder().setOrganizationId(id).setName(name);
    show(options, request.build());
  }

  @Command(description = "Reject the keys of an organization; its agents keep running")
  void suspend(
      @Parameters(paramLabel = "ID", description = ID) String id, @Mixin CallOptions options) {
    var request = SuspendOrganizationRequest.newBuilder().setOrganizationId(id);
    show(options, request.build());
  }

  @Command(description = "End the suspension of an organization")
  void resume(
      @Parameters(paramLabel = "ID", description = ID) String id, @Mixin CallOptions options) {
    var request = ResumeOrganizationRequest.newBuilder().setOrganizationId(id);
    show(options, request.build());
  }

  @Command(name = "set-tier", description = "Set the tier, which limits the instances")
  void setTier(
      @Parameters(paramLabel = "ID", description = ID) String id,
      @Parameters(
              paramLabel = "TIER",
              description = "shrimp (1 instance), crab (10), lobster (500) or whale (no limit)")
          String tier,
      @Mixin CallOptions options) {
    var request = SetTierRequest.newBuilder().setOrganizationId(id).setTier(tier);
    show(options, request.build());
  }

  @Command(
      name = "new-key",
      description =
          "Create an organization key, print it, and revoke the other organization keys; scoped"
              + " keys stay valid")
  void newKey(
      @Parameters(paramLabel = "ID", description = ID) String id,
      @Mixin Confirmation confirmation,
      @Mixin CallOptions options) {
    confirm(confirmation, "Revoke the present keys of the organization %s?".formatted(id));
    var request = CreateOrganizationKeyRequest.newBuilder().setOrganizationId(id);
    show(
        options,
        request.build(),
        CreateOrganizationKeyResponse.getDefaultInstance(),
        created -> {
          line(Printable.line(created.getApiKey()));
          say("The key is shown only once. The other organization keys are revoked.");
        });
  }

  @Command(
      name = "revoke-keys",
      description = "Revoke all keys of an organization, including scoped keys")
  void revokeKeys(
      @Parameters(paramLabel = "ID", description = ID) String id,
      @Mixin Confirmation confirmation,
      @Mixin CallOptions options) {
    confirm(confirmation, "Revoke all keys of the organization %s?".formatted(id));
    show(
        options,
        RevokeKeysRequest.newBuilder().setOrganizationId(id).build(),
        RevokeKeysResponse.getDefaultInstance(),
        revoked -> say("Revoked %d keys.".formatted(revoked.getRevoked())));
  }

  private void show(CallOptions options, Message request) {
    show(
        options,
        request,
        Organization.getDefaultInstance(),
        organization -> print(table(List.of(organization))));
  }

  private static Table table(List<Organization> organizations) {
    var table = new Table("ID", "NAME", "TIER", "INSTANCES", "STANDING");
    for (var organization : organizations) {
      table.row(
          organization.getId(),
          organization.getName(),
          organization.getSubscriptionTier(),
          organization.hasInstanceLimit()
              ? "%d of %d"
                  .formatted(organization.getInstanceCount(), organization.getInstanceLimit())
              : Integer.toString(organization.getInstanceCount()),
          organization.getStanding());
    }
    return table;
  }
}
