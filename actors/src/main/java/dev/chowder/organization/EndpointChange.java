package dev.chowder.organization;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Optional;

/** What becomes of one provider's endpoint. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
@JsonSubTypes({
  @JsonSubTypes.Type(value = EndpointChange.Remove.class, name = "remove"),
  @JsonSubTypes.Type(value = EndpointChange.Merge.class, name = "merge")
})
public sealed interface EndpointChange {
  /** It is forgotten. */
  record Remove() implements EndpointChange {}

  /** Absent fields stay, empty ones are removed. */
  record Merge(Optional<String> baseUrl, Optional<String> model, Optional<String> api)
      implements EndpointChange {}
}
