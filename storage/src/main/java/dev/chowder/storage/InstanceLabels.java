package dev.chowder.storage;

import java.util.HashSet;
import org.jdbi.v3.core.Handle;

/** Writes the labels of listed instances, by which lists are filtered. */
final class InstanceLabels {
  private InstanceLabels() {}

  private record Label(String key, String value, String position) {}

  /** Replaces the labels of the row; an instance that is not listed has none. */
  static void replace(Handle handle, InstanceRow row) {
    boolean listed = row.terminatedAt().isEmpty() && !row.position().isEmpty();
    var wanted = new HashSet<Label>();
    if (listed) {
      row.labels().forEach((key, value) -> wanted.add(new Label(key, value, row.position())));
    }
    var stored =
        handle
            .createQuery(
                "SELECT label_key, label_value, position FROM instance_labels WHERE instance_id ="
                    + " :id AND organization_id = :organization")
            .bind("id", row.id())
            .bind("organization", row.organizationId())
            .map(
                (label, _) ->
                    new Label(
                        label.getString("label_key"),
                        label.getString("label_value"),
                        label.getString("position")))
            .set();
    // Most revisions change no label, so nothing is written.
    if (stored.equals(wanted)) return;
    handle.execute("DELETE FROM instance_labels WHERE instance_id = ?", row.id());
    wanted.forEach(
        label ->
            handle.execute(
                "INSERT INTO instance_labels (instance_id, label_key, label_value,"
                    + " organization_id, position) VALUES (?, ?, ?, ?, ?)",
                row.id(),
                label.key(),
                label.value(),
                row.organizationId(),
                label.position()));
  }
}
