package dev.chowder.server.call;

import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Waits for an actor's answer on a call's own thread. */
public final class Answers {
  private Answers() {}

  /**
   * The answer.
   *
   * @param who gives it, in words such as "the instance"
   * @throws ApiError {@code CANCELLED} when the caller went away, {@code NO_ANSWER_IN_TIME} when
   *     the actor's time was over
   */
  public static <T> T await(CompletionStage<T> answer, String who) {
    try {
      return answer.toCompletableFuture().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.of(Reason.CANCELLED, "the call was cancelled");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw ApiError.of(
            Reason.NO_ANSWER_IN_TIME,
            who + " did not answer in time; what was asked may still happen");
      }
      throw new IllegalStateException(who + " could not be asked", e.getCause());
    }
  }
}
