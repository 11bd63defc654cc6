package dev.chowder.bench;

import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Docker's default bridge, on which the baselines' containers are. The demo model of the
 * installation does not listen there.
 */
record DockerBridge(BenchRun run, Checkout checkout) {
  private static final String FORMAT =
      "{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}";

  private static final Duration MODEL_LIMIT = Duration.ofSeconds(30);

  /**
   * Starts a demo model for the containers, which ends with the run.
   *
   * @return its base URL
   */
  String startModel(Path log) throws IOException, InterruptedException {
    var address = address();
    int port = Integer.parseInt(checkout.variable("CHOWDER_BENCH_BRIDGE_MODEL_PORT", "19093"));
    var folder = checkout.app().resolve("demo-model");
    var builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-cp",
                "%1$s/chowder-demo-model.jar:%1$s/lib/*".formatted(folder),
                "dev.chowder.demomodel.Main",
                "--bind",
                address,
                "--port",
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    var model = run.start(builder);
    awaitPort(model, new InetSocketAddress(address, port), log);
    return "http://%s:%d/v1".formatted(address, port);
  }

  private static void awaitPort(Process model, InetSocketAddress address, Path log)
      throws InterruptedException {
    long until = System.nanoTime() + MODEL_LIMIT.toNanos();
    while (!isOpen(address)) {
      if (!model.isAlive() || System.nanoTime() > until)
        throw new ProgramException(
            "the demo model on Docker's bridge did not start: see " + log, null);
      Thread.sleep(100);
    }
  }

  private static boolean isOpen(InetSocketAddress address) {
    try (var socket = new Socket()) {
      socket.connect(address, (int) MODEL_LIMIT.toMillis());
      return true;
    } catch (IOException notYet) {
      return false;
    }
  }

  private static String address() throws UnknownHostException {
    return host(
        Program.of("docker", "network", "inspect", "bridge", "--format", FORMAT).run().text());
  }

  /**
   * Returns the address of this machine on the bridge.
   *
   * @param found the address, or the subnet if the engine has just created the bridge. Its first
   *     address is that of this machine.
   */
  static String host(String found) throws UnknownHostException {
    int length = found.indexOf('/');
    if (length < 0) return found;
    var subnet = InetAddress.getByName(found.substring(0, length)).getAddress();
    subnet[subnet.length - 1]++;
    return InetAddress.getByAddress(subnet).getHostAddress();
  }
}
