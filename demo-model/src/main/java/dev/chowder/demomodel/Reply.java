package dev.chowder.demomodel;

import java.util.List;

/** A reply of the demo model, before it is written. */
sealed interface Reply {

  /** Text that is sent in these chunks without a pause. */
  record Text(List<String> chunks) implements Reply {
    String whole() {
      return String.join("", chunks);
    }
  }

  /** The numbers from 1 to {@code last}, one chunk each, with the configured pause before each. */
  record SlowCount(int last) implements Reply {}

  /**
   * A call of one of the request's tools.
   *
   * @param arguments a JSON object
   */
  record ToolCall(String name, String arguments) implements Reply {}

  /** An HTTP error, as a failing provider returns it. */
  record Failure(int status) implements Reply {}
}
