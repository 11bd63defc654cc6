package dev.chowder.server.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * One {@link BreakableCluster} for all classes that delete what they create, because the start of
 * three nodes takes longer than most of these tests. It is repaired before each class and ends
 * after the last one.
 */
final class SharedNodes implements BeforeAllCallback {
  private static @Nullable BreakableCluster cluster;

  static synchronized BreakableCluster get() {
    var running = cluster;
    if (running == null) {
      try {
        running = new BreakableCluster();
      } catch (IOException why) {
        throw new UncheckedIOException(why);
      }
      cluster = running;
    }
    return running;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    context
        .getRoot()
        .getStore(ExtensionContext.Namespace.create(SharedNodes.class))
        .getOrComputeIfAbsent(SharedNodes.class, key -> (AutoCloseable) SharedNodes::end);
    get().repair();
  }

  private static synchronized void end() {
    if (cluster != null) cluster.close();
    cluster = null;
  }
}
