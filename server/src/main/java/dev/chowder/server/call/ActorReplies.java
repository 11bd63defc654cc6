package dev.chowder.server.call;

import dev.chowder.actor.NoReplyException;
import dev.chowder.actor.Replies;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import java.util.concurrent.CompletionStage;

/** Waits for the reply of an actor on the thread of the call. */
public final class ActorReplies {
  private ActorReplies() {}

  /**
   * Returns the reply.
   *
   * @param actor a name of the actor for error messages, such as "the instance"
   * @throws ApiError {@code CANCELLED} if the caller disconnected, {@code NO_ANSWER_IN_TIME} if the
   *     actor did not reply in time
   */
  public static <T> T await(CompletionStage<T> reply, String actor) {
    try {
      return Replies.await(reply, actor);
    } catch (NoReplyException why) {
      throw RejectionErrors.of(why);
    }
  }
}
