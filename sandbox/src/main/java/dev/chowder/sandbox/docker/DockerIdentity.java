package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.EngineIdentity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The identity of a Docker Engine: the {@code ID} in {@code docker info}. It is stored in {@code
 * /etc/docker} up to Docker 20.10, and later in the data directory, beside the volumes. An upgrade
 * from 20.10 to 24.0 or later changes it, and the volumes stay; Docker 23.0 takes it over.
 */
final class DockerIdentity {
  private static final String ENGINE = "docker";

  private final DockerApi engine;
  private final EngineIdentity identity;

  /**
   * Creates the identity of an engine.
   *
   * @param nanoTime time in nanoseconds since any moment, such as {@link System#nanoTime}
   */
  DockerIdentity(DockerApi engine, LongSupplier nanoTime) {
    this.engine = engine;
    this.identity =
        new EngineIdentity(
            engine::losses, nanoTime, id -> new SandboxRef(ENGINE, read(), id.value()));
  }

  /** Returns the reference of a sandbox. */
  SandboxRef ref(SandboxId id) {
    return identity.ref(id);
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
