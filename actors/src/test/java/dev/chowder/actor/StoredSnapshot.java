package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.instance.InstanceState;
import dev.chowder.organization.OrganizationState;
import dev.chowder.storage.Database;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * A snapshot that this version cannot read. The files under {@code snapshots} contain what earlier
 * versions stored, in hexadecimal.
 */
public record StoredSnapshot(String of, int serializer, String manifest, ByteString bytes) {
  /** Returns snapshots of an organization. */
  public static List<StoredSnapshot> ofOrganization() throws IOException {
    var bare = stored("Organization-665faa7", 2, "dev.chowder.journal.v1.OrganizationSnapshot");
    return Stream.concat(
            Stream.of(bare, stored("Organization-0.1.0", 7302, "1")),
            ofLater(OrganizationState.Active.class))
        .toList();
  }

  /** Returns snapshots of an instance. */
  public static List<StoredSnapshot> ofInstance() throws IOException {
    return Stream.concat(
            Stream.of(stored("Instance-0.1.0", 7301, "1")), ofLater(InstanceState.Running.class))
        .toList();
  }

  /** Returns snapshots of other versions that have the same serializer, or a later one. */
  private static Stream<StoredSnapshot> ofLater(Class<?> state) {
    var bytes = ByteString.copyFromUtf8("unknown");
    return Stream.of(
        new StoredSnapshot("another shape", 7303, state.getName() + ":00000000", bytes),
        new StoredSnapshot(
            "an unknown state", 7303, state.getName() + "OfTomorrow:00000000", bytes),
        new StoredSnapshot("a later serializer", 7304, "", bytes),
        new StoredSnapshot("damage", 7303, state.getName() + ":" + StateShape.hash(state), bytes));
  }

  private static StoredSnapshot stored(String name, int serializer, String manifest)
      throws IOException {
    try (var in = StoredSnapshot.class.getResourceAsStream("/snapshots/" + name + ".hex")) {
      assertThat(in).as(name).isNotNull();
      var text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return new StoredSnapshot(
          name, serializer, manifest, ByteString.fromHex(text.replaceAll("\\s", "")));
    }
  }

  /** Replaces all snapshots in a database, and sets their time of creation to 0. */
  public void replaceAll(Database database) {
    int replaced =
        database
            .jdbi()
            .<Integer, RuntimeException>withHandle(
                handle ->
                    handle.execute(
                        "UPDATE \"snapshot\" SET \"snapshot_ser_id\" = ?,"
                            + " \"snapshot_ser_manifest\" = ?, \"snapshot_payload\" = ?,"
                            + " \"created\" = 0",
                        serializer,
                        manifest,
                        bytes.toByteArray()));
    assertThat(replaced).isPositive();
  }

  /** Stores this as the snapshot after an entity's 100,000th event. */
  public void insert(Database database, String persistenceId) {
    database
        .jdbi()
        .useHandle(
            handle ->
                handle.execute(
                    "INSERT INTO \"snapshot\" (\"persistence_id\", \"sequence_number\","
                        + " \"created\", \"snapshot_ser_id\", \"snapshot_ser_manifest\","
                        + " \"snapshot_payload\") VALUES (?, 100000, 0, ?, ?, ?)",
                    persistenceId,
                    serializer,
                    manifest,
                    bytes.toByteArray()));
  }

  @Override
  public String toString() {
    return of;
  }
}
