package dev.chowder.gateway;

import com.google.protobuf.ByteString;
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxResources;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TaskSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads OpenClaw's configuration schema and its onboarded configuration from the image of the
 * sandboxes, and caches both until the process ends. Each read runs in a sandbox of its own, which
 * is removed afterwards. No agent uses its home, because all agents get what is read from it.
 */
public final class ImageFiles {
  private static final Logger LOG = LoggerFactory.getLogger(ImageFiles.class);

  /** The organization label of the sandbox, which belongs to no organization. */
  private static final String NO_ORGANIZATION = "none";

  /** Three times what OpenClaw 2026.9.6 prints. */
  private static final long MAX_BYTES = 8 << 20;

  private final SandboxEngine engine;
  private final SandboxId sandbox;
  private final String snapshot;
  private final SandboxResources resources;
  private final Duration limit;
  private final ReentrantLock reading = new ReentrantLock();
  private volatile Optional<Contents> known = Optional.empty();

  /** The number of completed reads; written while {@link #reading} is held. */
  private volatile int reads;

  /**
   * Files of the image.
   *
   * @param skeleton the configuration that onboarding wrote; empty if the image has none
   */
  private record Contents(ConfigSchema schema, Optional<ByteString> skeleton) {}

  /**
   * Creates the cache for one image.
   *
   * @param sandbox id of the sandbox for reads, always the same for an installation: the next read
   *     removes what a crash left behind
   * @param limit maximum duration of the read, which takes 2 to 4 s on a two-core machine
   */
  public ImageFiles(
      SandboxEngine engine,
      SandboxId sandbox,
      String snapshot,
      SandboxResources resources,
      Duration limit) {
    this.engine = engine;
    this.sandbox = sandbox;
    this.snapshot = snapshot;
    this.resources = resources;
    this.limit = limit;
  }

  /**
   * Returns the configuration that onboarding wrote into the image. Empty if the image has none, or
   * if {@link #schema} has not read the image yet. Does not block.
   */
  public Optional<ByteString> skeleton() {
    return known.flatMap(Contents::skeleton);
  }

  /**
   * Returns the schema. The first call reads the image, and calls during the read wait for its
   * result. Empty if the read failed, also for the calls that waited; then only OpenClaw validates
   * the configuration, when it starts.
   */
  public Optional<ConfigSchema> schema() {
    return contents().map(Contents::schema);
  }

  private Optional<Contents> contents() {
    if (known.isPresent()) return known;
    int before = reads;
    reading.lock();
    try {
      // Calls that waited share the result; otherwise each would wait for one read after another.
      if (known.isEmpty() && reads == before) {
        known = read();
        reads = before + 1;
      }
      return known;
    } finally {
      reading.unlock();
    }
  }

  private Optional<Contents> read() {
    // A crash may have left the home of another image.
    remove();
    try {
      engine.create(new SandboxSpec(sandbox, NO_ORGANIZATION, snapshot, 0, resources));
      var task =
          new TaskSpec(
              snapshot,
              NO_ORGANIZATION,
              ConfigSchema.command(OpenClawHome.absolute(OpenClawHome.SCHEMA)),
              List.of(),
              resources);
      var result = engine.tasks().run(sandbox, Fence.ofAttempt(1), task, limit);
      if (result.exitCode() != 0) {
        LOG.warn("image: the schema was not printed, exit code {}", result.exitCode());
        return Optional.empty();
      }
      var skeleton = engine.homes().readFile(sandbox, OpenClawHome.SKELETON, MAX_BYTES);
      return engine
          .homes()
          .readFile(sandbox, OpenClawHome.SCHEMA, MAX_BYTES)
          .map(schema -> new Contents(ConfigSchema.of(schema), skeleton));
    } catch (SandboxException | IllegalArgumentException why) {
      LOG.warn("image: not read: {}", why.getMessage());
      return Optional.empty();
    } finally {
      remove();
    }
  }

  private void remove() {
    try {
      var _ = engine.remove(sandbox, Fence.NONE);
    } catch (SandboxException why) {
      LOG.warn("image: sandbox {} was not removed: {}", sandbox, why.getMessage());
    }
  }
}
