package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a Docker Engine: the {@code ID} in {@code docker info}. It is stored in {@code
 * /etc/docker} up to Docker 20.10, and later in the data directory, beside the volumes. An upgrade
 * from 20.10 to 24.0 or later changes it, and the volumes stay; Docker 23.0 takes it over.
 */
final class DockerIdentity {
  private static final String ENGINE = "docker";

  /** The engine may restart with another data directory while this node does not call it. */
  private static final Duration MAX_AGE = Duration.ofSeconds(10);

  private final DockerApi engine;
  private final LongSupplier nanoTime;

  /** The identity that was read last; null if there is none. */
  private volatile @Nullable Known known;

  /**
   * An identity.
   *
   * @param losses of the engine before it was read, so that a loss during the read counts
   * @param nanos when it was read
   */
  private record Known(String host, int losses, long nanos) {}

  /**
   * Creates the identity of an engine.
   *
   * @param nanoTime time in nanoseconds since any moment, such as {@link System#nanoTime}
   */
  DockerIdentity(DockerApi engine, LongSupplier nanoTime) {
    this.engine = engine;
    this.nanoTime = nanoTime;
  }

  /** Returns the reference of a sandbox. */
  SandboxRef ref(SandboxId id) {
    var last = known;
    if (last == null || isOld(last)) {
      int losses = engine.losses();
      long now = nanoTime.getAsLong();
      last = new Known(read(), losses, now);
      known = last;
    }
    return new SandboxRef(ENGINE, last.host(), id.value());
  }

  private boolean isOld(Known last) {
    return last.losses() != engine.losses()
        || nanoTime.getAsLong() - last.nanos() >= MAX_AGE.toNanos();
  }

  /** The engine needs tens of milliseconds for this, since it describes its whole host. */
  private String read() {
    var id =
        engine.call(
            "read the engine's identity",
            docker -> Optional.ofNullable(docker.infoCmd().exec().getId()).orElse(""));
    if (id.isEmpty()) {
      throw new SandboxException(
          Reason.REFUSED, cannot("read the engine's identity", "the engine has none"));
    }
    return id;
  }
}
