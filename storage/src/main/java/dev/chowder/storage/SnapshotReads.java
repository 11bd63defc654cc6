package dev.chowder.storage;

import java.io.NotSerializableException;
import org.apache.pekko.japi.pf.PFBuilder;
import org.apache.pekko.persistence.SnapshotMetadata;
import org.apache.pekko.persistence.jdbc.config.SnapshotConfig;
import org.apache.pekko.persistence.jdbc.snapshot.dao.DefaultSnapshotDao;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.stream.Materializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.Tuple2;
import scala.concurrent.ExecutionContext;
import scala.concurrent.Future;
import slick.jdbc.JdbcBackend.JdbcDatabaseDef;
import slick.jdbc.JdbcProfile;

/**
 * Treats a snapshot of another version as missing, so that recovery reads the events. Pekko's class
 * reports a failure instead. After an upgrade, many such failures would open the circuit breaker of
 * the database, and snapshots could be neither read nor written.
 *
 * <p>Pekko creates it, as configured in {@code chowder-pekko.conf}.
 */
public final class SnapshotReads extends DefaultSnapshotDao {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotReads.class);

  private static final String OTHER_VERSION =
      "entity={}: its snapshot is of another version ({}); it reads all events";
  private static final String DAMAGED =
      "entity={}: its snapshot cannot be read; it reads all events";

  private final ExecutionContext executor;

  public SnapshotReads(
      JdbcDatabaseDef database,
      JdbcProfile profile,
      SnapshotConfig config,
      Serialization serialization,
      ExecutionContext executor,
      Materializer materializer) {
    super(database, profile, config, serialization, executor, materializer);
    this.executor = executor;
  }

  @Override
  public Future<Option<Tuple2<SnapshotMetadata, Object>>> latestSnapshot(String persistenceId) {
    return super.latestSnapshot(persistenceId)
        .recover(
            new PFBuilder<Throwable, Option<Tuple2<SnapshotMetadata, Object>>>()
                .match(
                    NotSerializableException.class,
                    why -> {
                      if (why.getCause() == null) {
                        LOG.info(OTHER_VERSION, persistenceId, why.getMessage());
                      } else {
                        LOG.warn(DAMAGED, persistenceId, why);
                      }
                      return Option.empty();
                    })
                .build(),
            executor);
  }
}
