package dev.chowder.installation.simulator;

import dev.chowder.installation.node.ServerCommand;
import dev.chowder.installation.process.Background;
import dev.chowder.installation.site.ContentKey;
import dev.chowder.installation.site.Layout;
import dev.chowder.installation.site.Site;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A simulator: a sandbox engine without containers, for tests and benches. It is a process of its
 * own, which nodes call through a socket (docs/adr/0067), so the nodes are those of a real
 * installation.
 */
public final class Simulator {
  private static final String SETTINGS = "CHOWDER_FAKE_";

  private final Site site;
  private final Path socket;
  private final Background process;

  public Simulator(Site site) {
    this.site = site;
    this.socket = site.run("simulator.sock");
    this.process = new Background(site, "simulator", "dev.chowder.simulator.Main");
  }

  /**
   * Starts the simulator, or restarts it if its code or settings changed. Its sandboxes are in the
   * state directory and survive a restart.
   */
  public void ensure() {
    var variables = site.variables().copy();
    variables.set("CHOWDER_SANDBOX_SOCKET", socket.toString());
    variables.setDefault("CHOWDER_FAKE_SANDBOXES", site.file("sandboxes").toString());
    var command = command(site.layout());
    var key = key(command);
    if (!process.isSupervised() || !process.hasKey(key)) {
      process.stop();
      process.start(command, variables, false);
      process.keep(key);
    }
    process.await(Background.startLimit(variables), this::serves);
  }

  /** Returns the variables of nodes that use it, as words of a shell. */
  public String variables() {
    return "CHOWDER_SANDBOX_ENGINE=remote CHOWDER_SANDBOX_SOCKET=" + socket;
  }

  public void stop() {
    process.stop();
  }

  /**
   * Returns whether the process serves. The socket alone proves nothing, because that of a killed
   * simulator stays. An engine writes its process id into the lock file of the socket when it
   * serves.
   */
  private boolean serves() {
    Optional<String> pid = Site.text(site.run("simulator.pid"));
    return pid.isPresent() && pid.equals(Site.text(site.run("simulator.sock.lock")));
  }

  /** Returns a hash of the code and settings. A different value requires a restart. */
  private String key(List<String> command) {
    var text = new StringBuilder(String.join("\n", command)).append('\n').append(socket);
    site.variables()
        .all()
        .forEach(
            (name, value) -> {
              if (name.startsWith(SETTINGS))
                text.append('\n').append(name).append('=').append(value);
            });
    return ContentKey.of(text.toString());
  }

  /**
   * Returns the command of a simulator.
   *
   * @param options of its JVM
   */
  public static List<String> command(Layout layout, String... options) {
    var command = new ArrayList<>(List.of(layout.jvm().toString(), "-Xmx1g", "-XX:+UseSerialGC"));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "-XX:+ExitOnOutOfMemoryError",
            ServerCommand.NATIVE_ACCESS,
            "-Dlogback.configurationFile=dev/chowder/simulator/logback.xml",
            "-cp",
            "%s/simulator/*:%s/server/lib/*".formatted(layout.app(), layout.app()),
            "dev.chowder.simulator.Main"));
    return command;
  }
}
