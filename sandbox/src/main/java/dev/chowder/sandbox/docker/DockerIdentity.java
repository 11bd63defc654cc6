package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a Docker Engine: the {@code ID} in {@code docker info}. It is stored in {@code
 * /etc/docker} up to Docker 20.10, and later in the data directory, beside the volumes. An upgrade
 * from 20.10 to 24.0 or later changes it, and the volumes stay; Docker 23.0 takes it over.
 */
final class DockerIdentity {
  private static final String ENGINE = "docker";

  private final DockerApi engine;

  /** The engine's identity; null if it has to be read. */
  private volatile @Nullable String host;

  DockerIdentity(DockerApi engine) {
    this.engine = engine;
  }

  /** Returns the reference of a sandbox. */
  SandboxRef ref(SandboxId id) {
    var known = host;
    if (known == null) {
      known = read();
      host = known;
    }
    return new SandboxRef(ENGINE, known, id.value());
  }

  /** Reads the identity again at the next use, because another engine may respond now. */
  void forget() {
    host = null;
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
