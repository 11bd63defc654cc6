package dev.chowder.startup;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of a node: runs {@link StartupStep}s, and closes the started parts in reverse order of
 * their start, even if some fail to close. Not thread-safe.
 */
public final class Startup implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Startup.class);
  private static final String SUFFIX = "Step";

  private record Part(String name, AutoCloseable closeable) {}

  private final Deque<Part> parts = new ArrayDeque<>();

  /**
   * Runs a step and returns the parts that it started. If it fails, the caller closes this start.
   */
  public <T> T run(StartupStep<T> step) throws IOException {
    long began = System.nanoTime();
    var started = step.start(this);
    LOG.info("started {} in {} ms", name(step), (System.nanoTime() - began) / 1_000_000);
    return started;
  }

  private static String name(StartupStep<?> step) {
    var name = step.getClass().getSimpleName();
    return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
  }

  /** Adds a started part and returns it. */
  public <T extends AutoCloseable> T add(String name, T part) {
    parts.push(new Part(name, part));
    return part;
  }

  /** Closes all parts. Does nothing the second time. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      var part = parts.pop();
      try {
        part.closeable().close();
        LOG.info("ended {}", part.name());
      } catch (Exception | Error why) {
        LOG.warn("{} did not end cleanly: {}", part.name(), why.toString());
      }
    }
  }
}
