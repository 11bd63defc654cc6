package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** Names an instance: a UUID in lower case. */
public record InstanceId(@JsonValue String value) {
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public InstanceId {
    if (value.length() != 36) {
      throw new IllegalArgumentException("instance id: " + value + " (expected: a UUID)");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
