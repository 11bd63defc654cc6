package dev.chowder.simulator;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TestResources;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A process with an engine on a folder. It prints the events that it receives, and runs the verbs
 * that it reads.
 */
public final class FolderNode {
  private static final Duration BOOT_TIME = Duration.ofHours(1);

  private FolderNode() {}

  /** Returns the settings of the engines, in which a gateway boots for longer than a test. */
  static FakeSandboxSettings booting(Path folder) {
    var instant = FakeSandboxSettings.instant();
    return new FakeSandboxSettings(
            instant.directory(),
            instant.taskTime(),
            BOOT_TIME,
            instant.replyTime(),
            instant.memoryBytes(),
            instant.processBytes())
        .in(folder);
  }

  /**
   * Runs until its input ends.
   *
   * @param args the folder, and whether gateways boot for long
   */
  public static void main(String[] args) throws IOException {
    var folder = Path.of(args[0]);
    boolean boots = Boolean.parseBoolean(args[1]);
    var settings = boots ? booting(folder) : FakeSandboxSettings.instant().in(folder);
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (var engine = new SimulatedEngine(settings);
        var _ = engine.watch(event -> System.out.println("event " + event.what()))) {
      System.out.println("opened");
      for (var line = input.readLine(); line != null; line = input.readLine()) {
        var words = line.split(" ", 2);
        System.out.println(run(engine, words[0], new SandboxId(words[1])));
      }
    } catch (Exception failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static String run(SimulatedEngine engine, String verb, SandboxId id) {
    return switch (verb) {
      case "create" -> {
        engine.create(spec(id));
        yield "created";
      }
      case "start" -> "started " + engine.start(id, new Fence(1, 1), process());
      case "freeze" -> "frozen " + engine.freeze(id, 1);
      case "observe" -> "observed " + engine.observe(id).mainProcess();
      case "pair" -> "paired " + engine.requestPairing(id, "telegram", "7", "Ada");
      default -> throw new IllegalArgumentException(verb);
    };
  }

  static SandboxSpec spec(SandboxId id) {
    return new SandboxSpec(id, "org-1", "any", 1, TestResources.RESOURCES);
  }

  static ProcessSpec process() {
    return new ProcessSpec(
        "any",
        "org-1",
        List.of("serve", "--print", "hello"),
        Map.of(),
        18_789,
        TestResources.RESOURCES);
  }
}
