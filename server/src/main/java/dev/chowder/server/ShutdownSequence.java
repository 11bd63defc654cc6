package dev.chowder.server;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was started, in order; closing it ends everything in the exact reverse order, whatever fails
 * on the way.
 */
final class ShutdownSequence implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShutdownSequence.class);

  private record Part(String name, AutoCloseable end) {}

  private final Deque<Part> parts = new ArrayDeque<>();

  /** Remembers how to end what was just started. */
  <T extends AutoCloseable> T add(String name, T part) {
    parts.push(new Part(name, part));
    return part;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      var part = parts.pop();
      try {
        part.end().close();
        LOG.info("ended {}", part.name());
      } catch (Exception why) {
        LOG.warn("{} did not end cleanly: {}", part.name(), why.toString());
      }
    }
  }
}
