package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the kernel end sleeping processes before awake ones if the host runs out of memory: a
 * sleeping agent has finished its work and loses nothing. The engine cannot change the value of a
 * running container, so this writes it for each process. Without the right to do so, which a server
 * has as root or by CAP_DAC_OVERRIDE, all agents keep the value of their container.
 */
final class OomPriority {
  private static final Logger log = LoggerFactory.getLogger(OomPriority.class);

  /** The kernel's maximum, so that the sizes of processes cannot outweigh it. */
  static final int SLEEPING = 1000;

  private static final Path PROCESSES = Path.of("/proc");

  private final Path processes;
  private final AtomicBoolean reported = new AtomicBoolean();

  OomPriority() {
    this(PROCESSES);
  }

  OomPriority(Path processes) {
    this.processes = processes;
  }

  /** Ends the processes of a frozen container first. */
  void lower(CgroupMemory frozen) {
    set(frozen.processes(), SLEEPING);
  }

  /** Restores the value of a container before it continues, so that new processes inherit it. */
  void restore(InspectContainerResponse frozen, CgroupMemory cgroup) {
    var host = frozen.getHostConfig();
    var value = host == null ? null : host.getOomScoreAdj();
    if (value != null) set(cgroup.processes(), value);
  }

  /** Writes the value for each process, and ignores those that ended. */
  void set(List<Long> ids, int value) {
    for (long id : ids) {
      try {
        Files.writeString(
            processes.resolve(Long.toString(id)).resolve("oom_score_adj"),
            Integer.toString(value),
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING);
      } catch (NoSuchFileException ended) {
        // Its value no longer matters.
      } catch (IOException refused) {
        if (!reported.getAndSet(true)) {
          log.info("event=sleepers-not-ended-first why={}", refused.toString());
        }
      }
    }
  }
}
