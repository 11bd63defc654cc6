package dev.chowder.gateway;

import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Reads the last lines of a failed process for an error message. */
public final class LogTail {
  private static final int LINES = 12;
  private static final long WAIT_SECONDS = 5;

  private LogTail() {}

  /**
   * Returns the last lines in one. Does not fail if the log cannot be read, because an error
   * message without a log is better than none.
   */
  public static String read(SandboxEngine engine, SandboxId sandbox) throws InterruptedException {
    var lines = Collections.synchronizedList(new ArrayList<String>());
    var end = new CountDownLatch(1);
    var reader =
        new SandboxLogReader() {
          @Override
          public void onLine(String line) {
            lines.add(line);
          }

          @Override
          public void onEnd(Optional<SandboxException> why) {
            end.countDown();
          }
        };
    try (var _ = engine.logs(sandbox, LINES, false, reader)) {
      if (!end.await(WAIT_SECONDS, TimeUnit.SECONDS))
        lines.add("(the log could not be read to its end)");
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      lines.add("(the log could not be read: " + e.getMessage() + ")");
    }
    return String.join(" | ", lines);
  }
}
