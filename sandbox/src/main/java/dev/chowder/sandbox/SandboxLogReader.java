package dev.chowder.sandbox;

import java.util.Optional;

/** Receives {@link #onBegin} if there is a log, its lines, then exactly one {@link #onEnd}. */
public interface SandboxLogReader {
  /** The log was found. Its first line may come much later. By default, does nothing. */
  default void onBegin() {}

  void onLine(String line);

  void onEnd(Optional<SandboxException> why);
}
