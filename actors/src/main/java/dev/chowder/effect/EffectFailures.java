package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.storage.Outage;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells apart the failures of work: which are temporary, and how callers see them. */
final class EffectFailures {
  private static final Logger LOG = LoggerFactory.getLogger(EffectFailures.class);

  private EffectFailures() {}

  /** Returns whether the engine or an actor did not answer, so that the work is repeated. */
  static boolean isTemporary(Exception why) {
    return isUnreachable(why) || (why instanceof WorkFailure failure && failure.isNoReply());
  }

  static boolean isBusy(Exception why) {
    return why instanceof WorkFailure failure && failure.isBusy();
  }

  static boolean isUnreachable(Exception why) {
    return why instanceof SandboxException engine
        && engine.reason() == SandboxException.Reason.ENGINE_UNREACHABLE;
  }

  /**
   * Returns whether this node does not have the host of the sandbox. Only an operator ends that.
   */
  static boolean isElsewhere(Exception why) {
    var elsewhere = SandboxException.Reason.ELSEWHERE;
    return switch (why) {
      case SandboxException engine -> engine.reason() == elsewhere;
      case WorkFailure failure -> failure.reason().equals(elsewhere.name());
      default -> false;
    };
  }

  static WorkFailure overdue(Duration limit) {
    return new WorkFailure("TIMED_OUT", "not finished within " + limit.toSeconds() + " s");
  }

  /** Returns the failure as callers see it. Logs one that is an error in Chowder. */
  static WorkFailure failure(String what, Exception why) {
    return switch (why) {
      case WorkFailure f -> new WorkFailure(f.reason(), what + ": " + f.text());
      case SandboxException s -> new WorkFailure(s.reason().name(), what + ": " + s.getMessage());
      case InterruptedException _ ->
          new WorkFailure("INTERRUPTED", what + ": interrupted before it finished");
      case RuntimeException e when Outage.isBehind(e) ->
          new WorkFailure("DATABASE_UNAVAILABLE", what + ": the database does not answer");
      case Exception bug -> {
        LOG.error("{}: unexpected exception", what, bug);
        yield new WorkFailure(
            "INTERNAL", what + ": an error in Chowder itself; see the server's log");
      }
    };
  }
}
