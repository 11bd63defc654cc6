package dev.chowder.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chowder.journal.v1.InstanceEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/**
 * The data of a template, from which {@link FleetCopies} makes the data of its copies.
 *
 * @param first the event that created the template
 * @param row the template's view, as its row stores it
 * @param process the file that describes the simulated process; empty if there is none
 */
record FleetSource(
    FleetTemplate template,
    InstanceEvent first,
    String row,
    boolean holdsSlot,
    boolean hasSandbox,
    ByteString process) {
  byte[] created(Instant at, String name, String team, int n) {
    var copy =
        first.toBuilder()
            .setAt(Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()));
    copy.getCreatedBuilder()
        .setName(name)
        .putLabels("team", team)
        .putLabels("number", Integer.toString(n));
    return copy.build().toByteArray();
  }

  byte[] view(String id, Instant created, String name, String team, int n) {
    return row.replace(
            createdAt(first.getAt().getSeconds(), first.getAt().getNanos()),
            createdAt(created.getEpochSecond(), created.getNano()))
        .replace(template.id(), id)
        .replace(FleetCopies.NAME, name)
        .replace(FleetCopies.TEAM, team)
        .replace(FleetCopies.NUMBER, Integer.toString(n))
        .getBytes(UTF_8);
  }

  private static String createdAt(long seconds, int nanos) {
    return "\"createdAt\":%d.%09d".formatted(seconds, nanos);
  }

  /** Creates the simulated sandbox without a home volume, because no copy is started. */
  void makeSandbox(Path directory) throws IOException {
    if (!hasSandbox) return;
    Files.createDirectory(directory);
    int generation = first.getCreated().getGeneration();
    if (generation > 0)
      Files.writeString(directory.resolve("generation"), Integer.toString(generation));
    if (!process.isEmpty()) Files.write(directory.resolve("process.json"), process.toByteArray());
  }
}
