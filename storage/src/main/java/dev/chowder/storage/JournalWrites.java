package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import org.apache.pekko.persistence.jdbc.config.JournalConfig;
import org.apache.pekko.persistence.jdbc.journal.dao.DefaultJournalDao;
import org.apache.pekko.persistence.jdbc.journal.dao.JournalTables.JournalPekkoSerializationRow;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.stream.Materializer;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;
import scala.collection.immutable.Seq;
import scala.collection.immutable.Set;
import scala.concurrent.ExecutionContext;
import scala.concurrent.Future;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;
import slick.dbio.DBIOAction;
import slick.jdbc.JdbcBackend.JdbcDatabaseDef;
import slick.jdbc.JdbcProfile;
import slick.jdbc.PostgresProfile;
import slick.jdbc.SimpleJdbcAction;

/**
 * Writes a group of events and their tags to PostgreSQL in one statement, so all or none of them.
 * Pekko's own writer uses two statements for each event, because it reads each generated ordering
 * before it inserts the tag. Pekko's writer is used on H2, and for events with several tags.
 *
 * <p>Pekko creates it, as configured in {@code chowder-pekko.conf}.
 */
public final class JournalWrites extends DefaultJournalDao {
  /**
   * Sorted, so that the identity column gives an entity's later events higher orderings. Pekko's
   * writer sorts likewise.
   */
  private static final String INSERT =
      "WITH given AS (SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) AS g(persistence_id,"
          + " sequence_number, writer, write_timestamp, adapter_manifest, event_ser_id,"
          + " event_ser_manifest, event_payload, tag)), written AS (INSERT INTO event_journal"
          + " (persistence_id, sequence_number, writer, write_timestamp, adapter_manifest,"
          + " event_ser_id, event_ser_manifest, event_payload) SELECT persistence_id,"
          + " sequence_number, writer, write_timestamp, adapter_manifest, event_ser_id,"
          + " event_ser_manifest, event_payload FROM given ORDER BY sequence_number RETURNING"
          + " ordering, persistence_id, sequence_number) INSERT INTO event_tag (event_id, tag)"
          + " SELECT w.ordering, g.tag FROM written w JOIN given g ON g.persistence_id ="
          + " w.persistence_id AND g.sequence_number = w.sequence_number WHERE g.tag IS NOT NULL";

  public JournalWrites(
      JdbcDatabaseDef database,
      JdbcProfile profile,
      JournalConfig config,
      Serialization serialization,
      ExecutionContext executor,
      Materializer materializer) {
    super(database, profile, config, serialization, executor, materializer);
  }

  @Override
  public Future<BoxedUnit> writeJournalRows(
      Seq<Tuple2<JournalPekkoSerializationRow, Set<String>>> rows) {
    var events = CollectionConverters.asJava(rows).stream().map(Event::of).toList();
    if (!(profile() instanceof PostgresProfile) || !events.stream().allMatch(Event::isPlain)) {
      return super.writeJournalRows(rows);
    }
    return run(
        connection -> {
          insert(connection, events);
          return BoxedUnit.UNIT;
        });
  }

  /** Uses a raw type, since Java cannot express Slick's type of an action with any effect. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private Future<BoxedUnit> run(Function<Connection, BoxedUnit> work) {
    var action = new SimpleJdbcAction<BoxedUnit>(context -> work.apply(context.connection()));
    return db().run((DBIOAction) action);
  }

  private record Event(JournalPekkoSerializationRow row, List<String> tags) {
    static Event of(Tuple2<JournalPekkoSerializationRow, Set<String>> written) {
      return new Event(written._1(), List.copyOf(CollectionConverters.asJava(written._2())));
    }

    /**
     * Returns whether the statement can write the event: it has no metadata and at most one tag.
     */
    boolean isPlain() {
      return tags.size() <= 1 && row.metaPayload().isEmpty() && !row.deleted();
    }

    @Nullable String tag() {
      return tags.isEmpty() ? null : tags.getFirst();
    }
  }

  private static void insert(Connection connection, List<Event> events) {
    try (var statement = connection.prepareStatement(INSERT)) {
      var columns =
          List.of(
              texts(connection, events, one -> one.row().persistenceId()),
              numbers(connection, events, one -> one.row().sequenceNumber()),
              texts(connection, events, one -> one.row().writer()),
              numbers(connection, events, one -> one.row().writeTimestamp()),
              texts(connection, events, one -> one.row().adapterManifest()),
              array(connection, "int4", events, one -> one.row().eventSerId()),
              texts(connection, events, one -> one.row().eventSerManifest()),
              connection.createArrayOf(
                  "bytea",
                  events.stream().map(one -> one.row().eventPayload()).toArray(byte[][]::new)),
              texts(connection, events, Event::tag));
      for (int n = 0; n < columns.size(); n++) statement.setArray(n + 1, columns.get(n));
      statement.executeUpdate();
    } catch (SQLException why) {
      throw new StorageException(
          cannot("write the events", StorageException.rootMessage(why)), why);
    }
  }

  private static Array texts(
      Connection connection, List<Event> events, Function<Event, @Nullable String> value)
      throws SQLException {
    return array(connection, "text", events, value);
  }

  private static Array numbers(
      Connection connection, List<Event> events, Function<Event, Long> value) throws SQLException {
    return array(connection, "int8", events, value);
  }

  private static Array array(
      Connection connection,
      String type,
      List<Event> events,
      Function<Event, ? extends @Nullable Object> value)
      throws SQLException {
    return connection.createArrayOf(type, events.stream().map(value).toArray());
  }
}
