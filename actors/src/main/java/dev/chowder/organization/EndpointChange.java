package dev.chowder.organization;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Optional;

/** A change to one provider's endpoint. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
  @JsonSubTypes.Type(value = EndpointChange.Remove.class, name = "remove"),
  @JsonSubTypes.Type(value = EndpointChange.Merge.class, name = "merge")
})
public sealed interface EndpointChange {
  /** Removes the endpoint. */
  record Remove() implements EndpointChange {}

  /**
   * Sets the fields that are present. Missing fields stay as they are; empty fields are cleared.
   */
  record Merge(Optional<String> baseUrl, Optional<String> model, Optional<String> api)
      implements EndpointChange {}
}
