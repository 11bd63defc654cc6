package dev.chowder.cli.http;

import java.io.IOException;

/** Why a try of a call failed. */
sealed interface Trouble {
  /** The server got no part of the call. */
  record NotSent(IOException cause) implements Trouble {}

  /** The connection broke after the call was sent, so it may have been executed. */
  record Lost(IOException cause) implements Trouble {}

  /** The server responded with an error. */
  record Rejected(ApiError error) implements Trouble {}
}
