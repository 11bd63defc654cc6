package dev.chowder.server.operator;

import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.storage.InstanceFilter;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.Paging;
import java.time.InstantSource;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the open connections to the gateways of an organization, such as WebSockets, which lead past
 * this server. A gateway closes the connections of a token that is rotated.
 */
public record OpenConnections(InstanceClient instances, InstanceRows rows, InstantSource clock) {
  private static final Logger LOG = LoggerFactory.getLogger(OpenConnections.class);
  private static final int PAGE = 100;

  /** A frozen gateway keeps its connections, and boots with its next token. */
  private static final Set<String> CONNECTED = Set.of(Name.RUNNING.label(), Name.STOPPED.label());

  /** Requests a rotation for each instance, and waits for none. */
  void end(String organizationId) {
    Paging.rows(
            PAGE,
            after -> rows.list(organizationId, InstanceFilter.ALL, PAGE, after),
            InstanceRow::position)
        .filter(row -> CONNECTED.contains(row.status()))
        .forEach(row -> rotate(organizationId, row.id()));
  }

  /** A failing instance must not keep the connections of the others. */
  private void rotate(String organizationId, String instanceId) {
    var now = clock.instant();
    var requestId = Ids.next();
    try {
      var _ =
          instances.send(
              new Caller(organizationId, ""),
              new InstanceId(instanceId),
              replyTo -> new InstanceCommand.RotateToken("", requestId, now, replyTo));
    } catch (ApiError why) {
      LOG.warn(
          "organization={} instance={} event=connections-not-ended cause={}",
          organizationId,
          instanceId,
          why.getMessage());
    }
  }
}
