package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.InstanceStarts;
import dev.chowder.storage.InstanceRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recovers all failed instances, each as its owner would. Stops when the host has no memory for the
 * next one, because all further ones would only reserve and release slots. Blocks.
 */
public record BulkRecovery(InstanceRows rows, InstanceStarts starts, Sandboxes sandboxes) {
  private static final Logger LOG = LoggerFactory.getLogger(BulkRecovery.class);

  private static final int PAGE = 500;

  /**
   * The result of a bulk recover.
   *
   * @param recovered number of instances that are starting
   * @param refused instances that could not be recovered, for example without a free slot
   * @param left number of instances that were not tried, because the host has no memory or the
   *     engine does not answer; in the second case the last of {@code refused} is {@code
   *     SERVER_UNAVAILABLE}
   */
  public record Recovery(int recovered, List<Unrecovered> refused, int left) {}

  /** An instance that could not be recovered. */
  public record Unrecovered(String instanceId, String reason, String message) {}

  /** An instance in {@code error}, and the caller in whose name it is recovered. */
  record Failed(Caller caller, InstanceId id) {}

  Recovery recover(Optional<String> errorReason, Optional<String> organizationId) {
    return recoverEach(
        failed(errorReason, organizationId),
        one -> starts.recover(one.caller(), one.id()),
        sandboxes::responds);
  }

  /**
   * Recovers one instance after another. An instance that cannot be recovered does not stop the
   * others.
   *
   * @param engineAnswers returns whether the engine responds; checked after an unavailable
   *     instance, because without an engine each further one would wait for its timeout
   */
  static Recovery recoverEach(
      List<Failed> failed, Consumer<Failed> recover, BooleanSupplier engineAnswers) {
    var refused = new ArrayList<Unrecovered>();
    int recovered = 0;
    for (int n = 0; n < failed.size(); n++) {
      var one = failed.get(n);
      try {
        recover.accept(one);
        recovered++;
      } catch (RuntimeException failure) {
        var why = ApiError.in(failure);
        if (why == null) {
          LOG.error("instance={} event=bulk-recover-failed", one.id(), failure);
          refused.add(
              refused(
                  one,
                  Reason.INTERNAL,
                  cannot(
                      "recover the instance",
                      "an internal error occurred",
                      "see the server's log")));
          continue;
        }
        if (why.reason() == Reason.NO_CAPACITY) {
          return done(new Recovery(recovered, refused, failed.size() - n));
        }
        refused.add(refused(one, why.reason(), why.message()));
        if (why.reason() == Reason.SERVER_UNAVAILABLE && !engineAnswers.getAsBoolean()) {
          return done(new Recovery(recovered, refused, failed.size() - n - 1));
        }
      }
    }
    return done(new Recovery(recovered, refused, 0));
  }

  private static Unrecovered refused(Failed one, Reason reason, String message) {
    return new Unrecovered(one.id().value(), reason.name(), message);
  }

  private static Recovery done(Recovery recovery) {
    LOG.info(
        "event=bulk-recover recovered={} refused={} left={}",
        recovery.recovered(),
        recovery.refused().size(),
        recovery.left());
    return recovery;
  }

  private List<Failed> failed(Optional<String> errorReason, Optional<String> organizationId) {
    var failed = new ArrayList<Failed>();
    rows.forEachLive(
        PAGE,
        row -> {
          if (!row.status().equals(Name.ERROR.label())) return;
          var view = InstanceReadRows.view(row);
          var owner = view.profile().organizationId();
          if (errorReason.isPresent() && !view.errorReason().equals(errorReason)) return;
          if (organizationId.isPresent() && !organizationId.get().equals(owner)) return;
          failed.add(new Failed(new Caller(owner, ""), view.id()));
        });
    return failed;
  }
}
