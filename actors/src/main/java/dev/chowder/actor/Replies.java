package dev.chowder.actor;

import static dev.chowder.base.ErrorText.cannot;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Waits for the reply of an actor. Blocks the thread. */
public final class Replies {
  private Replies() {}

  /**
   * Returns the reply.
   *
   * @param actor a name of the actor for error messages, such as "the instance"
   * @throws NoReplyException if the actor did not reply in time, or the thread was interrupted
   */
  public static <T> T await(CompletionStage<T> reply, String actor) {
    try {
      return reply.toCompletableFuture().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NoReplyException(actor, NoReplyException.Cause.INTERRUPTED);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw new NoReplyException(actor, NoReplyException.Cause.TIMED_OUT);
      }
      throw new IllegalStateException(cannot("ask " + actor, "its actor failed"), e.getCause());
    }
  }
}
