package dev.chowder.server.organization;

import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationRejection;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Organizations;
import dev.chowder.server.call.Answers;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** Asks organizations; refusals become errors. Blocks. */
public final class OrganizationClient {
  private final Organizations organizations;

  public OrganizationClient(Organizations organizations) {
    this.organizations = organizations;
  }

  /** Sends a command that is answered with how the organization stands then. */
  public OrganizationView send(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return switch (reply(organizationId, command)) {
      case OrganizationReply.Accepted(var view) -> view;
      case OrganizationReply.Refused(var why) -> throw error(why);
      case OrganizationReply.Slots _ ->
          throw new IllegalStateException("slots (expected: an organization)");
    };
  }

  /** The same where nobody wants to know how it stands. */
  public void tell(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    var _ = send(organizationId, command);
  }

  /** The answer itself. */
  public OrganizationReply reply(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return Answers.await(organizations.ask(organizationId, command), "the organization");
  }

  /** The one place where a refusal becomes an error. */
  private static ApiError error(OrganizationRejection why) {
    return switch (why) {
      case OrganizationRejection.NotFound() ->
          ApiError.of(Reason.ORGANIZATION_NOT_FOUND, "Organization not found.");
      case OrganizationRejection.AlreadyExists() ->
          throw new IllegalStateException("organization id given twice");
      case OrganizationRejection.Invalid(var field, var text) -> ApiError.invalid(field, text);
      case OrganizationRejection.ProviderNotConfigured(var provider) ->
          ApiError.of(
              Reason.MODEL_PROVIDER_NOT_CONFIGURED,
              "model_provider: "
                  + provider.label()
                  + " is not set up (expected: its key, or for custom its endpoint, set by PATCH"
                  + " /v1/organization)");
      case OrganizationRejection.LimitReached(var used, var limit) ->
          ApiError.of(
              Reason.INSTANCE_LIMIT_REACHED,
              "Instance limit reached (" + used + "/" + limit + "). Upgrade your subscription.");
      case OrganizationRejection.UpgradeUnderWay() -> ApiError.upgradeUnderWay();
      case OrganizationRejection.Suspended() -> ApiError.organizationSuspended();
      case OrganizationRejection.AnotherCustomer() ->
          throw new IllegalStateException("another customer, and nobody reads it from the answer");
    };
  }
}
