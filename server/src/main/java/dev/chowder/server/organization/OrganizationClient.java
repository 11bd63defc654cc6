package dev.chowder.server.organization;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationRejection;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Organizations;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.error.ApiError;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** Sends commands to organizations and turns rejections into errors of the API. Blocks. */
public final class OrganizationClient {
  private final Organizations organizations;

  public OrganizationClient(Organizations organizations) {
    this.organizations = organizations;
  }

  /**
   * Sends a command and returns the state of the organization after it.
   *
   * @throws ApiError if the organization rejects the command
   */
  public OrganizationView send(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return switch (reply(organizationId, command)) {
      case OrganizationReply.Accepted(var view) -> view;
      case OrganizationReply.Refused(var why) -> throw error(why);
      case OrganizationReply.Slots _ -> throw new IllegalStateException("unexpected reply: slots");
    };
  }

  /**
   * Sends a command for an effect. The effect runner repeats the effect if the organization does
   * not reply.
   *
   * @throws WorkFailure if the organization does not reply in time
   * @throws ApiError if the organization rejects the command
   */
  OrganizationView sendForEffect(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    try {
      return send(organizationId, command);
    } catch (ApiError why) {
      if (why.reason() != Reason.NO_ANSWER_IN_TIME) throw why;
      throw WorkFailure.noReply("the organization");
    }
  }

  /** Sends a command and returns the reply, which may be a rejection. */
  public OrganizationReply reply(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return ActorReplies.await(organizations.ask(organizationId, command), "the organization");
  }

  /** Returns the error of the API for a rejection. */
  private static ApiError error(OrganizationRejection why) {
    return switch (why) {
      case OrganizationRejection.NotFound() ->
          ApiError.of(Reason.ORGANIZATION_NOT_FOUND, "Organization not found.");
      case OrganizationRejection.AlreadyExists() ->
          throw new IllegalStateException("duplicate organization id");
      case OrganizationRejection.Invalid(var field, var text) -> ApiError.invalid(field, text);
      case OrganizationRejection.ProviderNotConfigured(var provider) ->
          ApiError.of(
              Reason.MODEL_PROVIDER_NOT_CONFIGURED,
              must(
                  "model_provider",
                  "be a provider with a key, or with an endpoint for custom; set it with PATCH"
                      + " /v1/organization",
                  provider.label()));
      case OrganizationRejection.LimitReached(var used, var limit) ->
          ApiError.of(
              Reason.INSTANCE_LIMIT_REACHED,
              "Instance limit reached (" + used + "/" + limit + "). Upgrade your subscription.");
      case OrganizationRejection.UpgradeUnderWay() -> ApiError.upgradeUnderWay();
      case OrganizationRejection.Suspended() -> ApiError.organizationSuspended();
      case OrganizationRejection.AnotherCustomer() ->
          throw new IllegalStateException("unexpected rejection: another customer");
    };
  }
}
