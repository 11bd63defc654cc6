package dev.chowder.organization;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.pekko.Done;

/**
 * Stores organization views as JSON rows. Unknown fields are ignored, so two versions can run side
 * by side during an upgrade. When the shape changes, the rows are rebuilt from the journal.
 *
 * @param blocking runs the database calls
 */
public record OrganizationReadRows(OrganizationRows rows, Executor blocking)
    implements OrganizationReadSide {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  @Override
  public CompletionStage<Done> store(OrganizationView view) {
    return CompletableFuture.supplyAsync(
        () -> {
          rows.upsert(row(view));
          return Done.done();
        },
        blocking);
  }

  /** Returns the view that a row contains. */
  public static OrganizationView view(OrganizationRow row) {
    try {
      return JSON.readValue(row.view().toByteArray(), OrganizationView.class);
    } catch (IOException e) {
      throw new UncheckedIOException(
          cannot("read the view of organization " + row.id(), "it is malformed"), e);
    }
  }

  static OrganizationRow row(OrganizationView view) {
    return new OrganizationRow(
        view.id(),
        view.revision(),
        view.name(),
        view.tier().label(),
        view.standing().label(),
        view.slots(),
        json(view));
  }

  private static ByteString json(OrganizationView view) {
    try {
      return ByteString.copyFrom(JSON.writeValueAsBytes(view));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          cannot("write the view of organization " + view.id(), "it does not convert to JSON"), e);
    }
  }
}
