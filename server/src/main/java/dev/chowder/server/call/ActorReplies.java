package dev.chowder.server.call;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

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
      return reply.toCompletableFuture().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw ApiError.of(
            Reason.NO_ANSWER_IN_TIME,
            cannot(
                "finish the call",
                actor + " did not reply in time",
                "the change may still happen, so read the state before you retry"));
      }
      throw new IllegalStateException(cannot("ask " + actor, "its actor failed"), e.getCause());
    }
  }
}
