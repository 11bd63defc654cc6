package dev.chowder.sandbox;

/** The cause of a main process's end. */
public enum Ending {
  /** It ended by itself, or was killed by something other than a stop through the engine. */
  BY_ITSELF,
  /** The engine received a request to stop it, or to send it SIGTERM. */
  STOPPED,
  /** The engine ended or restarted, or the host did. */
  WITH_ENGINE
}
