package dev.chowder.sandbox.docker;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every limit and name of the Docker driver; the only class of this package that reads
 * configuration. Defaults and their reasons are in {@code reference.conf} under {@code
 * chowder.sandbox.docker}.
 *
 * @param dockerHost where the engine listens, such as {@code unix:///var/run/docker.sock}
 * @param clusterId tells this installation's sandboxes from others' on the same engine
 * @param subnet of the sandboxes' bridge, as CIDR; empty: the engine chooses
 * @param memoryLimitBytes of one process; the same with swap, so none is swapped
 * @param nanoCpus of one process, in billionths of a CPU
 * @param pidsLimit processes and threads of one sandbox
 * @param temporaryBytes size of /tmp, which counts as memory
 * @param oomScoreAdjustment of its processes; the kernel ends processes with a higher one first
 * @param maxConnections that one sandbox has open at once
 * @param readOnlyRoot whether only the home directory and /tmp can be written
 * @param callTimeout of one call of the engine's API
 * @param removeTimeout of all that one removal takes
 * @param replaceGrace from SIGTERM to SIGKILL for a main process that another attempt replaces
 * @param concurrentCalls calls under way at once
 * @param concurrencyWait how long a call waits for its turn
 * @param concurrentStreams followed logs, waits and event streams at once
 * @param reconnectDelay before the event stream is opened again, at most
 * @param eventsRenew after which the event stream is opened again although it did not end
 * @param logFileBytes size of one log file of a container
 * @param logFiles log files kept for each container
 * @param logLinesLimit lines that one call may ask for
 * @param logLineBytes beyond which a line is cut
 * @param forwardedConnections at once, to each port of the host that was opened to sandboxes
 * @param forwardedIdle without a byte, after which such a connection is closed
 * @param isolationRequired whether a process may start only where the firewall is in place
 * @param isolationCheckEvery how old a look at the firewall may be when a process starts
 * @param nameServers addresses that sandboxes may ask for names; empty: those of the host
 * @param mayReach otherwise closed destinations that are open, as {@code address[/bits][:port]}
 * @param homeQuotaBytes of a home, where the engine's file system has project quotas; 0 sets none
 * @param measureTimeout of the walk through one home
 * @param filesMemoryBytes of the container that files are reached in
 * @param filesLinger how long that container stays when nothing works in it
 * @param filesPatience how long nothing may move while a file is read or written
 * @param runtime OCI runtime of every container; empty for the engine's default
 * @param seccomp value of the security option {@code seccomp}: a profile in JSON, or {@code
 *     unconfined}
 * @param helperImage of containers that only access a home, which may be older than any image
 */
public record DockerSandboxSettings(
    String dockerHost,
    String clusterId,
    String subnet,
    long memoryLimitBytes,
    long nanoCpus,
    long pidsLimit,
    long temporaryBytes,
    int oomScoreAdjustment,
    int maxConnections,
    boolean readOnlyRoot,
    Duration callTimeout,
    Duration removeTimeout,
    Duration replaceGrace,
    int concurrentCalls,
    Duration concurrencyWait,
    int concurrentStreams,
    Duration reconnectDelay,
    Duration eventsRenew,
    long logFileBytes,
    int logFiles,
    int logLinesLimit,
    int logLineBytes,
    int forwardedConnections,
    Duration forwardedIdle,
    boolean isolationRequired,
    Duration isolationCheckEvery,
    List<String> nameServers,
    List<String> mayReach,
    long homeQuotaBytes,
    Duration measureTimeout,
    long filesMemoryBytes,
    Duration filesLinger,
    Duration filesPatience,
    String runtime,
    String seccomp,
    String helperImage) {

  private static final String PATH = "chowder.sandbox.docker";

  /** Reads the whole configuration's {@code chowder.sandbox.docker}. */
  public static DockerSandboxSettings from(Config root) {
    Config config = root.getConfig(PATH);
    return new DockerSandboxSettings(
        config.getString("host"),
        config.getString("cluster-id"),
        config.getString("subnet"),
        config.getBytes("memory-limit"),
        (long) (config.getDouble("cpus") * 1e9),
        config.getLong("pids-limit"),
        config.getBytes("temporary-size"),
        config.getInt("oom-score-adj"),
        config.getInt("max-connections"),
        config.getBoolean("read-only-root"),
        config.getDuration("call-timeout"),
        config.getDuration("remove-timeout"),
        config.getDuration("replace-grace"),
        config.getInt("concurrent-calls"),
        config.getDuration("concurrency-wait"),
        config.getInt("concurrent-streams"),
        config.getDuration("reconnect-delay"),
        config.getDuration("events-renew"),
        config.getBytes("log-file-size"),
        config.getInt("log-files"),
        config.getInt("log-lines-limit"),
        Math.toIntExact(config.getBytes("log-line-size")),
        config.getInt("forwarded-connections"),
        config.getDuration("forwarded-idle"),
        config.getBoolean("isolation-required"),
        config.getDuration("isolation-check-every"),
        words(config.getString("name-servers")),
        words(config.getString("may-reach")),
        config.getBytes("home-quota"),
        config.getDuration("measure-timeout"),
        config.getBytes("files-memory"),
        config.getDuration("files-linger"),
        config.getDuration("files-patience"),
        config.getString("runtime"),
        SeccompProfile.of(config.getString("seccomp-profile")),
        root.getString("chowder.sandbox.image"));
  }

  /** A list in one word, so that an environment variable can hold it. */
  private static List<String> words(String text) {
    return Stream.of(text.split("[,\\s]+", -1)).filter(word -> !word.isEmpty()).toList();
  }

  /** Returns the security options of every container. */
  List<String> securityOptions() {
    return List.of("no-new-privileges", "seccomp=" + seccomp);
  }

  /** The bridge that all sandboxes of this installation are on. */
  public String networkName() {
    return "chowder-" + clusterId;
  }
}
