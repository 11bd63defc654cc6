package dev.chowder.sandbox;

import java.util.Optional;

/** Receives log lines, then exactly one {@link #onEnd}. */
public interface SandboxLogReader {
  void onLine(String line);

  void onEnd(Optional<SandboxException> why);
}
