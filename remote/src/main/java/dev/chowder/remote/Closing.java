package dev.chowder.remote;

import java.io.IOException;

/** Closes what an engine opened, whose method may throw any exception. */
interface Closing extends AutoCloseable {
  @Override
  void close() throws IOException;

  static Closing of(AutoCloseable opened) {
    return () -> {
      try {
        opened.close();
      } catch (IOException | RuntimeException known) {
        throw known;
      } catch (Exception failed) {
        throw new IOException(failed);
      }
    };
  }
}
