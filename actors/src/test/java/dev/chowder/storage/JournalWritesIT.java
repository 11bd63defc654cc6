package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.persistence.typed.javadsl.CommandHandler;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehavior;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests what the journal's writer stores in PostgreSQL. */
class JournalWritesIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private ActorTestKit kit;

  @BeforeEach
  void open() {
    storage = TestStorage.postgres(home);
    database = storage.open();
    kit = ActorTestKit.create("journal", storage.config());
  }

  @AfterEach
  void close() {
    kit.shutdownTestKit();
    database.close();
    storage.close();
  }

  @Test
  void eachEventIsStoredInOrderWithItsTags() {
    var entity = kit.spawn(new Entity("one"));
    write(entity, "a", "", "b");
    write(entity, "a b", "a");
    assertThat(stored("one"))
        .containsExactly("1 a [a]", "2  []", "3 b [b]", "4 a b [a, b]", "5 a [a]");
  }

  @Test
  void aWriteThatFailsStoresNoneOfItsEvents() {
    var entity = kit.spawn(new Entity("one"));
    write(entity, "a");
    // Another node was taken for dead and wrote the third event.
    database
        .jdbi()
        .useHandle(
            handle ->
                handle.execute(
                    "INSERT INTO event_journal (persistence_id, sequence_number, writer,"
                        + " write_timestamp, adapter_manifest, event_ser_id, event_ser_manifest,"
                        + " event_payload) SELECT persistence_id, 3, writer, write_timestamp,"
                        + " adapter_manifest, event_ser_id, event_ser_manifest, event_payload FROM"
                        + " event_journal"));
    var probe = kit.<Done>createTestProbe();
    entity.tell(new Write(List.of("b", "b", "b"), probe.ref()));
    probe.expectTerminated(entity, LIMIT);
    assertThat(stored("one")).containsExactly("1 a [a]", "3 a []");
  }

  private void write(ActorRef<Write> entity, String... events) {
    var probe = kit.<Done>createTestProbe();
    entity.tell(new Write(List.of(events), probe.ref()));
    probe.expectMessage(LIMIT, Done.done());
  }

  /** Returns the sequence number, the event and the tags of each event, by ordering. */
  private List<String> stored(String id) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery(
                        "SELECT sequence_number || ' ' || convert_from(event_payload, 'UTF8') ||"
                            + " ' [' || (SELECT coalesce(string_agg(tag, ', ' ORDER BY tag), '')"
                            + " FROM event_tag WHERE event_id = ordering) || ']' FROM event_journal"
                            + " WHERE persistence_id = ? ORDER BY ordering")
                    .bind(0, id)
                    .mapTo(String.class)
                    .list());
  }

  private record Write(List<String> events, ActorRef<Done> replyTo) {}

  /** Persists texts; the tags of an event are its words. */
  private static final class Entity extends EventSourcedBehavior<Write, String, Integer> {
    Entity(String id) {
      super(PersistenceId.ofUniqueId(id));
    }

    @Override
    public Integer emptyState() {
      return 0;
    }

    @Override
    public CommandHandler<Write, String, Integer> commandHandler() {
      return (_, write) ->
          Effect().persist(write.events()).thenRun(() -> write.replyTo().tell(Done.done()));
    }

    @Override
    public EventHandler<Integer, String> eventHandler() {
      return (count, _) -> count + 1;
    }

    @Override
    public Set<String> tagsFor(String event) {
      return event.isEmpty() ? Set.of() : Set.of(event.split(" "));
    }
  }
}
