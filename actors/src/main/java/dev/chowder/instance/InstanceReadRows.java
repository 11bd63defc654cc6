package dev.chowder.instance;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.storage.GroupedWrites;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.pekko.Done;

/**
 * Stores instance views as JSON in read rows. If the JSON's shape changes, rows are rebuilt from
 * the journal. Unknown fields are ignored, so that two versions can run side by side during an
 * upgrade. Times are numbers, because parsing text took half the time of reading a page. Text is
 * still accepted.
 */
public final class InstanceReadRows implements InstanceReadSide {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModules(new Jdk8Module(), new JavaTimeModule())
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  private static final ObjectReader VIEW = JSON.readerFor(InstanceView.class);

  private record Change(InstanceView view, boolean labelsToo) {}

  private final GroupedWrites<Change> writes;

  /**
   * Creates the store.
   *
   * @param blocking runs the database calls
   * @param perWrite maximum number of rows in one transaction
   */
  public InstanceReadRows(InstanceRows rows, Executor blocking, int perWrite) {
    this.writes =
        new GroupedWrites<>(
            blocking,
            perWrite,
            changes ->
                rows.upsertAll(
                    changes.stream()
                        .map(one -> new InstanceRows.Write(row(one.view()), one.labelsToo()))
                        .toList()));
  }

  @Override
  public CompletionStage<Done> store(InstanceView view, boolean labelsToo) {
    return writes.add(new Change(view, labelsToo)).thenApply(_ -> Done.done());
  }

  /** Returns the view that a row stores. */
  public static InstanceView view(InstanceRow row) {
    try {
      return VIEW.readValue(row.view().toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(
          cannot("read the view of instance " + row.id(), "its JSON does not match"), e);
    }
  }

  static InstanceRow row(InstanceView view) {
    var profile = view.profile();
    boolean terminated = view.status().now() == InstanceStatus.Name.TERMINATED;
    return new InstanceRow(
        view.id().value(),
        position(view),
        profile.organizationId(),
        view.revision(),
        view.status().now().label(),
        profile.name(),
        profile.labels(),
        profile.createdAt(),
        profile.updatedAt(),
        terminated ? Optional.of(profile.updatedAt()) : Optional.empty(),
        view.effectPending() ? Optional.of(profile.pendingSince()) : Optional.empty(),
        view.slotHeld(),
        json(view));
  }

  /** Returns the order of the instance in lists; see {@link InstanceRow}. */
  static String position(InstanceView view) {
    return view.member().isPresent() ? "" : Ids.at(view.profile().createdAt(), view.id().value());
  }

  private static ByteString json(InstanceView view) {
    try {
      return ByteString.copyFrom(JSON.writeValueAsBytes(view));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          cannot("write the view of instance " + view.id(), "it has no JSON form"), e);
    }
  }
}
