package dev.chowder.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures agents in an installation, beside baselines without Chowder. The Python program measures
 * in three phases, because each needs other settings of the server.
 */
final class Agents {
  /** A time after which no row looks. A frozen agent stays in memory for as long. */
  private static final String NEVER = "1d";

  /**
   * After this time, the memory of a frozen agent goes to swap, in the rows of paged-out agents.
   */
  private static final String PAGED = "5s";

  /** The tier of scripts/up has too few instances for a density. */
  private static final String TIER = "lobster";

  private final BenchRun run;
  private final Checkout checkout;
  private final AgentsProgram program;
  private final List<String> options;

  /**
   * Describes a measurement.
   *
   * @param options of the Python program
   */
  Agents(BenchRun run, Checkout checkout, List<String> options) {
    this.run = run;
    this.checkout = checkout;
    this.program = new AgentsProgram(run, checkout);
    this.options = options;
  }

  /**
   * Measures in an installation, and removes it at the end.
   *
   * @param swapFile the options of {@code scripts/up} for a swap file
   * @return whether all phases succeeded
   */
  boolean measure(String... swapFile) throws IOException, InterruptedException {
    var installation = BenchInstallation.create(run, checkout);
    installation.set("CHOWDER_FREEZE", "true");
    installation.set("CHOWDER_PAGE_OUT_DELAY", NEVER);
    installation.set("CHOWDER_DEEP_SLEEP_DELAY", NEVER);
    installation.up(swapFile);
    var bridge = new DockerBridge(run, checkout);
    var model = bridge.startModel(installation.log("bridge-model"));
    var organizationId = Files.readString(installation.home().resolve("organization-id")).strip();
    new Api(installation.endpoints()).setTier(organizationId, TIER);
    var arguments = arguments(installation, model);

    boolean isComplete = phase("frozen", arguments);
    // Only the rows of paged-out agents need memory in swap soon after a stop.
    installation.set("CHOWDER_PAGE_OUT_DELAY", PAGED);
    installation.up();
    isComplete &= phase("paged", arguments);
    // Members would take memory and processor time of all other parts.
    installation.set("CHOWDER_PAGE_OUT_DELAY", NEVER);
    installation.set("CHOWDER_POOL_MAX_SIZE", "1");
    installation.up();
    isComplete &= phase("pool", arguments);
    return isComplete;
  }

  private List<String> arguments(BenchInstallation installation, String model) throws IOException {
    var image = new SandboxImage(checkout);
    var endpoints = installation.endpoints();
    return List.of(
        "--rest",
        endpoints.rest().toString(),
        "--key-file",
        installation.home().resolve("organization.key").toString(),
        "--image",
        image.name(),
        "--openclaw",
        image.openclaw().toString(),
        "--scratch",
        installation.home().resolve("bench").toString(),
        "--model",
        model,
        "--monitoring",
        endpoints.monitoring().toString(),
        "--operator-token-file",
        endpoints.operatorToken().toString());
  }

  private boolean phase(String name, List<String> arguments)
      throws IOException, InterruptedException {
    var all = new ArrayList<>(List.of("--phase", name));
    all.addAll(arguments);
    all.addAll(options);
    return program.measure(all) == 0;
  }
}
