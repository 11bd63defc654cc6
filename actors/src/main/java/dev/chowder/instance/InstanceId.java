package dev.chowder.instance;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** The id of an instance, a UUID in lower case. */
public record InstanceId(@JsonValue String value) {
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public InstanceId {
    if (value.length() != 36) {
      throw new IllegalArgumentException(must("instance id", "be a UUID", value));
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
