package dev.chowder.effect;

import dev.chowder.openclaw.ConfigSchema;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.SandboxSpec;
import dev.chowder.sandbox.SandboxDriver.TaskSpec;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration schema of the image that sandboxes are made from: asked of the image itself, in
 * a sandbox that lives for that question only, and kept for the life of the process.
 */
public final class ImageSchemas {
  private static final Logger LOG = LoggerFactory.getLogger(ImageSchemas.class);

  /** The labels of no organization: nobody owns this sandbox. */
  private static final String NOBODY = "none";

  /** Three times what OpenClaw 2026.9.6 prints. */
  private static final long MAX_BYTES = 8 << 20;

  private final SandboxDriver driver;
  private final SandboxId sandbox;
  private final String snapshot;
  private final Duration limit;
  private final ReentrantLock asking = new ReentrantLock();
  private volatile Optional<ConfigSchema> known = Optional.empty();

  /** How many questions have ended; written while {@link #asking} is held. */
  private volatile int asked;

  /**
   * Wires the question.
   *
   * @param sandbox always the same one of an installation: what a crash in the middle of a question
   *     left behind is used, and removed, by the next question
   * @param limit of the one-shot process; 2-4 s on a two-core machine
   */
  public ImageSchemas(SandboxDriver driver, SandboxId sandbox, String snapshot, Duration limit) {
    this.driver = driver;
    this.sandbox = sandbox;
    this.snapshot = snapshot;
    this.limit = limit;
  }

  /**
   * The schema; asked for by the first call, which waits for it, as do those that come meanwhile.
   * Empty when the image could not be asked, also for those that waited: then OpenClaw alone
   * judges, at the start.
   */
  public Optional<ConfigSchema> current() {
    if (known.isPresent()) return known;
    int before = asked;
    asking.lock();
    try {
      // Calls that waited share the result. Otherwise each would wait for those of all before it.
      if (known.isEmpty() && asked == before) {
        known = ask();
        asked = before + 1;
      }
      return known;
    } finally {
      asking.unlock();
    }
  }

  private Optional<ConfigSchema> ask() {
    try {
      driver.create(new SandboxSpec(sandbox, NOBODY, snapshot, 0));
      var task =
          new TaskSpec(
              snapshot,
              NOBODY,
              ConfigSchema.command(OpenClawHome.absolute(OpenClawHome.SCHEMA)),
              List.of());
      var result = driver.run(sandbox, Fence.ofAttempt(1), task, limit);
      if (result.exitCode() != 0) {
        LOG.warn("config schema: exit code {} (expected: 0)", result.exitCode());
        return Optional.empty();
      }
      return driver.readFile(sandbox, OpenClawHome.SCHEMA, MAX_BYTES).map(ConfigSchema::of);
    } catch (SandboxException | IllegalArgumentException why) {
      LOG.warn("config schema: not known, {}", why.getMessage());
      return Optional.empty();
    } finally {
      remove();
    }
  }

  private void remove() {
    try {
      var _ = driver.remove(sandbox, Fence.NONE);
    } catch (SandboxException why) {
      LOG.warn("config schema: sandbox {} stays behind, {}", sandbox, why.getMessage());
    }
  }
}
