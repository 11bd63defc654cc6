package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.SandboxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the free space of the disk of the engine's volumes. It is the disk of the engine's data
 * folder, whose path the engine names. A node in a container does not see that path.
 */
final class DockerDisk {
  private static final Logger LOG = LoggerFactory.getLogger(DockerDisk.class);
  private final DockerApi engine;

  /** Empty until the engine has named it. */
  private volatile Optional<Path> data = Optional.empty();

  DockerDisk(DockerApi engine) {
    this.engine = engine;
  }

  OptionalLong freeBytes() {
    try {
      if (data.isEmpty()) data = dataFolder();
      if (data.isEmpty() || !Files.exists(data.get())) return OptionalLong.empty();
      return OptionalLong.of(Files.getFileStore(data.get()).getUsableSpace());
    } catch (IOException | SandboxException why) {
      LOG.debug("event=disk-not-read", why);
      return OptionalLong.empty();
    }
  }

  private Optional<Path> dataFolder() {
    return engine.call(
        "read its data folder",
        docker -> Optional.ofNullable(docker.infoCmd().exec().getDockerRootDir()).map(Path::of));
  }
}
