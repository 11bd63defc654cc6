package dev.chowder.server;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes started parts in reverse order of their start, even if some fail to close. */
final class ShutdownSequence implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShutdownSequence.class);

  private record Part(String name, AutoCloseable closeable) {}

  private final Deque<Part> parts = new ArrayDeque<>();

  /** Adds a started part and returns it. */
  <T extends AutoCloseable> T add(String name, T part) {
    parts.push(new Part(name, part));
    return part;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      var part = parts.pop();
      try {
        part.closeable().close();
        LOG.info("ended {}", part.name());
      } catch (Exception why) {
        LOG.warn("{} did not end cleanly: {}", part.name(), why.toString());
      }
    }
  }
}
