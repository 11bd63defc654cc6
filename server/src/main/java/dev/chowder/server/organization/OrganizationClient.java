package dev.chowder.server.organization;

import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Organizations;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** Sends commands to organizations and turns rejections into errors of the API. Blocks. */
public record OrganizationClient(Organizations organizations) {
  /**
   * Sends a command and returns the state of the organization after it.
   *
   * @throws ApiError if the organization rejects the command
   */
  public OrganizationView send(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return switch (reply(organizationId, command)) {
      case OrganizationReply.Accepted(var view) -> view;
      case OrganizationReply.Refused(var why) -> throw RejectionErrors.of(why);
      case OrganizationReply.Slots _ -> throw new IllegalStateException("unexpected reply: slots");
    };
  }

  /** Sends a command and returns the reply, which may be a rejection. */
  public OrganizationReply reply(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return ActorReplies.await(organizations.ask(organizationId, command), "the organization");
  }
}
