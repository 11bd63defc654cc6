package dev.chowder.sandbox.docker;

import com.typesafe.config.Config;
import dev.chowder.sandbox.SandboxResources;
import dev.chowder.sandbox.SandboxSettings;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;
import java.util.List;

/**
 * The limits and names of the Docker engine. Only this class of the package reads configuration.
 * {@code reference.conf} has the defaults and their reasons under {@code chowder.sandbox.docker}.
 *
 * @param sandbox settings of sandboxes with any engine
 * @param dockerHost address of the engine, such as {@code unix:///var/run/docker.sock}
 * @param subnet CIDR of the sandboxes' bridge; empty if the engine chooses
 * @param temporaryBytes size of /tmp, which counts as memory
 * @param firstUser first user of the host that a sandbox may run as
 * @param users number of users that sandboxes may run as
 * @param maxFileBytes size of the largest file that a sandbox may write; 0 for no limit
 * @param oomScoreAdjustment OOM score adjustment of a sandbox's processes; the kernel ends those
 *     with a higher one first
 * @param maxConnections maximum number of open connections of one sandbox
 * @param readOnlyRoot whether only the home directory and /tmp can be written
 * @param callTimeout limit of one call to the engine's API
 * @param removeTimeout limit of one whole removal
 * @param replaceTimeout time from SIGTERM to SIGKILL for a main process that another attempt
 *     replaces
 * @param pageOutTimeout limit of the move of one frozen process's memory to swap
 * @param diskSwap whether memory of frozen processes may go to swap on a disk
 * @param maxConcurrentCalls maximum number of concurrent calls
 * @param permitTimeout maximum time that a call waits for a permit
 * @param maxConcurrentStreams maximum number of concurrent followed logs, waits and event streams
 * @param maxReconnectDelay maximum delay before the event stream is opened again
 * @param eventsRenewInterval time after which a working event stream is replaced
 * @param logFileBytes size of one log file of a container
 * @param maxLogFiles number of log files kept for each container
 * @param maxLogLines maximum number of lines that one call may request
 * @param logLineBytes length after which a line is cut
 * @param maxForwardedConnections maximum number of connections to each port of the host that is
 *     open to sandboxes
 * @param maxSandboxConnections maximum number of those connections from one sandbox
 * @param forwardedIdleTimeout time without data after which such a connection is closed
 * @param isolationRequired whether a process may start only if the firewall is in place
 * @param isolationCheckInterval maximum age of the last firewall check when a process starts
 * @param firewallTimeout limit of one check of the firewall, with all its commands
 * @param nameServers addresses of the DNS servers for sandboxes; empty for those of the host
 * @param mayReach otherwise blocked destinations that are open, as {@code address[/bits][:port]}
 * @param measureTimeout limit of the walk through one home volume
 * @param filesMemoryBytes memory of the container in which files are accessed
 * @param filesIdleTimeout time after which that container ends if no program runs in it
 * @param filesStallTimeout maximum time without progress while a file is read or written
 * @param runtime OCI runtime of every container; empty for the engine's default
 * @param seccomp value of the security option {@code seccomp}: a profile in JSON, or {@code
 *     unconfined}
 */
public record DockerSandboxSettings(
    @Setting("chowder.sandbox") SandboxSettings sandbox,
    @Setting("host") String dockerHost,
    String subnet,
    @Setting("temporary-size") long temporaryBytes,
    @Setting(min = "1", max = "2000000000") int firstUser,
    @Setting(min = "1", max = "100000000") int users,
    @Setting("max-file-size") long maxFileBytes,
    @Setting(value = "oom-score-adj", min = "-1000", max = "1000") int oomScoreAdjustment,
    int maxConnections,
    boolean readOnlyRoot,
    Duration callTimeout,
    Duration removeTimeout,
    Duration replaceTimeout,
    Duration pageOutTimeout,
    boolean diskSwap,
    int maxConcurrentCalls,
    Duration permitTimeout,
    int maxConcurrentStreams,
    Duration maxReconnectDelay,
    Duration eventsRenewInterval,
    @Setting("max-log-file-size") long logFileBytes,
    int maxLogFiles,
    int maxLogLines,
    @Setting("max-log-line-size") int logLineBytes,
    int maxForwardedConnections,
    int maxSandboxConnections,
    Duration forwardedIdleTimeout,
    boolean isolationRequired,
    Duration isolationCheckInterval,
    Duration firewallTimeout,
    List<String> nameServers,
    List<String> mayReach,
    Duration measureTimeout,
    @Setting("files-memory") long filesMemoryBytes,
    Duration filesIdleTimeout,
    Duration filesStallTimeout,
    String runtime,
    @Setting("seccomp-profile") String seccomp) {

  private static final String PATH = "chowder.sandbox.docker";

  public DockerSandboxSettings {
    // The setting names a file. It is read once, so that a wrong one is reported at the start.
    seccomp = SeccompProfile.of(seccomp);
  }

  /**
   * Reads {@code chowder.sandbox.docker} and the settings of sandboxes from the whole
   * configuration.
   */
  public static DockerSandboxSettings from(Config root) {
    return SettingsBinder.bind(root, PATH, DockerSandboxSettings.class);
  }

  /** Returns what distinguishes this installation's sandboxes from others on the same engine. */
  String clusterId() {
    return sandbox.clusterId();
  }

  /** Returns the image of containers that only access a home volume. The volume may be older. */
  String helperImage() {
    return sandbox.image();
  }

  /**
   * Returns the resources of a container that only accesses a home volume: those of a sandbox, but
   * less memory. One setting limits the processors of both, because Docker rejects a container with
   * more than the host has.
   */
  SandboxResources helperResources() {
    var each = sandbox.resources();
    return new SandboxResources(filesMemoryBytes, each.nanoCpus(), each.processes(), 0);
  }

  /** Returns the security options of every container. */
  List<String> securityOptions() {
    return List.of("no-new-privileges", "seccomp=" + seccomp);
  }

  /** Returns the name of the bridge network of all this installation's sandboxes. */
  public String networkName() {
    return "chowder-" + clusterId();
  }
}
