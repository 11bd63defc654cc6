package dev.chowder.admission;

import dev.chowder.actor.NoReplyException;
import dev.chowder.actor.Replies;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Organizations;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** Sends commands to organizations and waits for the replies. */
public record OrganizationCalls(Organizations organizations) {
  /**
   * Sends a command and returns the state of the organization after it.
   *
   * @throws RejectedException if the organization rejects the command
   * @throws NoReplyException if no reply arrives
   */
  public OrganizationView send(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return switch (reply(organizationId, command)) {
      case OrganizationReply.Accepted(var view) -> view;
      case OrganizationReply.Refused(var why) ->
          throw new RejectedException(new Rejection.ByOrganization(why));
      case OrganizationReply.Slots _ -> throw new IllegalStateException("unexpected reply: slots");
    };
  }

  /**
   * Sends a command for an effect. The effect runner repeats the effect if the organization does
   * not reply.
   *
   * @throws WorkFailure if the organization does not reply in time
   * @throws RejectedException if the organization rejects the command
   */
  public OrganizationView sendForEffect(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    try {
      return send(organizationId, command);
    } catch (NoReplyException why) {
      throw switch (why.why()) {
        case TIMED_OUT -> WorkFailure.noReply(why.actor());
        case INTERRUPTED -> why;
      };
    }
  }

  /**
   * Sends a command and returns the reply, which may be a rejection.
   *
   * @throws NoReplyException if no reply arrives
   */
  public OrganizationReply reply(
      String organizationId, Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
    return Replies.await(organizations.ask(organizationId, command), "the organization");
  }
}
