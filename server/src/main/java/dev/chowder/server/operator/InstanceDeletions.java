package dev.chowder.server.operator;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.pool.PoolMembers;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.storage.InstanceFilter;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.Paging;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes all instances of an organization, and discards its pool members. Blocks. */
public record InstanceDeletions(
    InstanceClient instances, InstanceRows instanceRows, PoolMembers pool, InstantSource clock) {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceDeletions.class);
  private static final int PAGE = 100;

  /** Key id of the system. */
  private static final String NO_KEY = "";

  /** Deletes the instances and the members; returns whether all accepted. */
  boolean deleteAll(String organizationId) {
    boolean deleted = deleteInstances(organizationId);
    boolean discarded = pool.discardAll(organizationId);
    return deleted && discarded;
  }

  private boolean deleteInstances(String organizationId) {
    return Paging.rows(
            PAGE,
            after -> instanceRows.list(organizationId, InstanceFilter.ALL, PAGE, after),
            InstanceRow::position)
        .map(row -> tryToDelete(organizationId, row.id()))
        .reduce(true, Boolean::logicalAnd);
  }

  /** A failing instance must not delay the others or the subscription. */
  private boolean tryToDelete(String organizationId, String instanceId) {
    try {
      delete(organizationId, instanceId);
      return true;
    } catch (RuntimeException why) {
      LOG.warn(
          "organization={} instance={} event=deletion_incomplete cause={}",
          organizationId,
          instanceId,
          why.toString());
      return false;
    }
  }

  private void delete(String organizationId, String instanceId) {
    var requestId = Ids.next();
    var now = clock.instant();
    try {
      var _ =
          instances.send(
              new Caller(organizationId, NO_KEY),
              new InstanceId(instanceId),
              replyTo -> new InstanceCommand.Delete(NO_KEY, requestId, now, replyTo));
    } catch (ApiError gone) {
      if (gone.reason() != Reason.INSTANCE_NOT_FOUND) throw gone;
    }
  }
}
