package dev.chowder.server.crash;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Starts each server as a node in this process, which takes a tenth of the time of a process. */
final class NodeLauncher implements Launcher {
  private final Map<Path, SimulatedEngine> hosts = new ConcurrentHashMap<>();
  private final Map<Path, String> armed = new ConcurrentHashMap<>();
  private final NodeLog log = NodeLog.attach();

  @Override
  public KillableServer launch(Path home, HomeStorage storage, List<String> settings)
      throws IOException {
    var host =
        hosts.computeIfAbsent(
            home,
            _ ->
                new SimulatedEngine(
                    FakeSandboxSettings.instant().in(ServerProcess.sandboxes(home))));
    return KillableNode.launch(
        config(home, storage, settings), host, failpoint -> failpoint.equals(armed.get(home)), log);
  }

  @Override
  public KillableServer start(Path home, HomeStorage storage, List<String> settings)
      throws IOException {
    var node = launch(home, storage, settings);
    try {
      var _ = node.operatorPort();
      return node;
    } catch (AssertionError why) {
      node.close();
      throw why;
    }
  }

  private static Config config(Path home, HomeStorage storage, List<String> options)
      throws IOException {
    var all = new HashMap<String, Object>();
    all.put("chowder.home", home.toString());
    all.put("chowder.grpc.port", 0);
    all.put("chowder.operator.port", 0);
    all.put("chowder.monitoring.port", 0);
    // A dead node is discarded by its orderly shutdown, which has nothing to wait for.
    all.put("chowder.grpc.shutdown-timeout", "1ms");
    all.put("pekko.coordinated-shutdown.run-by-actor-system-terminate", "off");
    // The limits of a test are enough; on a busy machine a first call takes longer than in use.
    all.put("chowder.instance.ask-timeout", "30s");
    all.put("chowder.organization.ask-timeout", "30s");
    // Tests call as fast as they can.
    all.put("chowder.rate.burst", 1_000_000);
    all.put("chowder.sign-up-open", "loopback");
    all.put("chowder.host-ports.models", ListedModels.ports());
    addOptions(all, SharedStripe.options());
    addOptions(all, ServerProcess.OPTIONS);
    addOptions(all, options);
    addStorage(all, home, storage.environment(home));
    return ConfigFactory.load(
        ConfigFactory.parseMap(all).withFallback(ConfigFactory.parseResources("application.conf")));
  }

  private static void addOptions(Map<String, Object> all, List<String> options) {
    for (var option : options) {
      var parts = option.substring("-D".length()).split("=", 2);
      all.put(parts[0], parts[1]);
    }
  }

  private static void addStorage(
      Map<String, Object> all, Path home, Map<String, String> environment) throws IOException {
    if (environment.isEmpty()) return;
    var password = home.resolve("storage.password");
    Files.writeString(password, environment.get("CHOWDER_STORAGE_PASSWORD"));
    all.put("chowder.storage.url", environment.get("CHOWDER_STORAGE_URL"));
    all.put("chowder.storage.user", environment.get("CHOWDER_STORAGE_USER"));
    all.put("chowder.storage.password-file", password.toString());
  }

  @Override
  public void arm(Path home, String failpoint) {
    armed.put(home, failpoint);
  }

  @Override
  public void endEngine(Path home) {
    var host = hosts.remove(home);
    if (host != null) host.close();
  }

  @Override
  public void close() {
    hosts.keySet().forEach(this::endEngine);
    log.close();
  }
}
