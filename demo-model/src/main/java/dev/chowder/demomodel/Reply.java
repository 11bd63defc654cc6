package dev.chowder.demomodel;

import java.util.List;

/** What the demo model decides to answer, before anything is written to anybody. */
sealed interface Reply {

  /** Text that is sent in these pieces, at once. */
  record Text(List<String> chunks) implements Reply {
    String whole() {
      return String.join("", chunks);
    }
  }

  /** The numbers from 1 to {@code last}, one piece each, with the configured pause before each. */
  record SlowCount(int last) implements Reply {}

  /**
   * A call of one of the tools that the request offers.
   *
   * @param arguments a JSON object
   */
  record ToolCall(String name, String arguments) implements Reply {}

  /** An HTTP error, as a provider in trouble would give it. */
  record Failure(int status) implements Reply {}
}
