package dev.chowder.server.instance;

import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.operator.HostCommands.Recovery;
import dev.chowder.server.operator.HostCommands.Unrecovered;
import dev.chowder.storage.InstanceRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recovers all instances that failed, each as its owner would. Stops when the host has no memory
 * for the next one: those after it would only take and release slots. Blocks.
 */
public final class BulkRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(BulkRecovery.class);

  private static final int PAGE = 500;

  private final InstanceRows rows;
  private final InstanceRecovery recovery;

  BulkRecovery(InstanceRows rows, InstanceRecovery recovery) {
    this.rows = rows;
    this.recovery = recovery;
  }

  Recovery recover(Optional<String> errorReason, Optional<String> organizationId) {
    var failed = failed(errorReason, organizationId);
    var refused = new ArrayList<Unrecovered>();
    int recovered = 0;
    for (int n = 0; n < failed.size(); n++) {
      var view = failed.get(n);
      try {
        var _ = recovery.recover(new Caller(view.profile().organizationId(), ""), view.id());
        recovered++;
      } catch (ApiError why) {
        if (why.reason() == Reason.NO_CAPACITY) {
          return done(new Recovery(recovered, refused, failed.size() - n));
        }
        refused.add(
            new Unrecovered(
                view.id().value(), why.reason().name(), String.valueOf(why.getMessage())));
      }
    }
    return done(new Recovery(recovered, refused, 0));
  }

  private static Recovery done(Recovery recovery) {
    LOG.info(
        "event=bulk-recover recovered={} refused={} left={}",
        recovery.recovered(),
        recovery.refused().size(),
        recovery.left());
    return recovery;
  }

  private List<InstanceView> failed(Optional<String> errorReason, Optional<String> organizationId) {
    var failed = new ArrayList<InstanceView>();
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.live(PAGE, after);
      page.stream()
          .filter(row -> row.status().equals(Name.ERROR.label()))
          .map(InstanceReadRows::view)
          .filter(view -> errorReason.isEmpty() || view.errorReason().equals(errorReason))
          .filter(
              view ->
                  organizationId.isEmpty()
                      || organizationId.get().equals(view.profile().organizationId()))
          .forEach(failed::add);
      if (page.size() < PAGE) return failed;
      after = Optional.of(page.getLast().id());
    }
  }
}
