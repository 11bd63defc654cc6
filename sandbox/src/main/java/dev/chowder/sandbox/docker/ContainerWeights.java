package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shares of the processor and of the disk that a container gets while others want them, too.
 * They are below the defaults, so that a busy agent does not delay the server and the database. An
 * idle host gives a container all that its limits permit.
 */
final class ContainerWeights {
  private static final Logger log = LoggerFactory.getLogger(ContainerWeights.class);
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

  /**
   * An eighth of Docker's default of 1024. With the weight of the server's unit and of Compose, 20
   * busy agents together leave the server more than half of the processors.
   */
  static final int CPU_SHARES = 128;

  /**
   * Docker's minimum. With cgroup v2, runc turns the range from 10 to 1000 into 1 to 10000, of
   * which 100 is the kernel's default. So a higher value would raise the weight there.
   */
  static final int IO_WEIGHT = 10;

  private ContainerWeights() {}

  static void set(HostConfig host) {
    host.withCpuShares(CPU_SHARES);
    if (permitsIoWeight(CGROUPS)) host.withBlkioWeight(IO_WEIGHT);
  }

  /**
   * Returns whether a container may have a weight for the disk. With cgroup v1, the engine ignores
   * it if the kernel has none. With v2, the container would not start then, so that a control group
   * must have the file. The root of the groups never has it.
   */
  static boolean permitsIoWeight(Path cgroups) {
    if (!Files.exists(cgroups.resolve("cgroup.controllers"))) {
      return Files.isDirectory(cgroups.resolve("blkio"));
    }
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(cgroups, Files::isDirectory)) {
      for (Path group : groups) {
        if (Files.exists(group.resolve("io.weight"))
            || Files.exists(group.resolve("io.bfq.weight"))) {
          return true;
        }
      }
    } catch (IOException unreadable) {
      log.debug("cannot list {}: {}", cgroups, unreadable.toString());
    }
    return false;
  }
}
