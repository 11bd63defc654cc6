package dev.chowder.demomodel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What one demo model needs to know before it starts. It refuses to know what the model says.
 *
 * @param bind the address to listen on. Default: 127.0.0.1, port 9092. Port 0 takes a free one.
 *     Sandboxes reach the host through their bridge, so an address of the bridge (or 0.0.0.0) is
 *     what a test with a real sandbox passes.
 * @param requiredKey the bearer key without which every call under {@code /v1} is answered 401.
 *     Default: none, any key and no key are fine.
 * @param chunkDelay the pause before each chunk of {@code Count slowly to N}. Default: 500 ms.
 * @param maxBodyBytes the largest request body; a larger one is answered 413. Default: 8 MiB, since
 *     an agent's system prompt, tools and history come with every call.
 * @param maxConnections connections open at once; more are refused by closing them. Default: 512.
 */
public record DemoModelSettings(
    InetSocketAddress bind,
    Optional<String> requiredKey,
    Duration chunkDelay,
    int maxBodyBytes,
    int maxConnections) {

  private static final List<String> OPTIONS =
      List.of("bind", "port", "key-file", "chunk-delay-ms", "max-body-bytes", "max-connections");

  /** Every value at its default. */
  public static DemoModelSettings defaults() {
    return new DemoModelSettings(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 9092),
        Optional.empty(),
        Duration.ofMillis(500),
        8 * 1024 * 1024,
        512);
  }

  public DemoModelSettings withBind(InetSocketAddress newBind) {
    return new DemoModelSettings(newBind, requiredKey, chunkDelay, maxBodyBytes, maxConnections);
  }

  public DemoModelSettings withRequiredKey(String key) {
    return new DemoModelSettings(bind, Optional.of(key), chunkDelay, maxBodyBytes, maxConnections);
  }

  public DemoModelSettings withChunkDelay(Duration delay) {
    return new DemoModelSettings(bind, requiredKey, delay, maxBodyBytes, maxConnections);
  }

  public DemoModelSettings withMaxBodyBytes(int bytes) {
    return new DemoModelSettings(bind, requiredKey, chunkDelay, bytes, maxConnections);
  }

  /**
   * Settings from {@code --name value} arguments, else from {@code CHOWDER_DEMO_MODEL_NAME}
   * variables (dashes become underscores), else the defaults. The key comes from a file, because
   * arguments and variables are everybody's to read.
   *
   * @throws IllegalArgumentException naming the option, what it got and what it expects
   * @throws IOException if the key file cannot be read
   */
  static DemoModelSettings parse(List<String> arguments, Map<String, String> environment)
      throws IOException {
    Map<String, String> given = new HashMap<>();
    for (String option : OPTIONS) {
      String value =
          environment.get(
              "CHOWDER_DEMO_MODEL_" + option.replace('-', '_').toUpperCase(Locale.ROOT));
      if (value != null && !value.isBlank()) {
        given.put(option, value);
      }
    }
    for (int i = 0; i < arguments.size(); i += 2) {
      String argument = arguments.get(i);
      if (!argument.startsWith("--") || !OPTIONS.contains(argument.substring(2))) {
        throw new IllegalArgumentException(
            "argument: " + argument + " (expected: one of --" + String.join(", --", OPTIONS) + ")");
      }
      if (i + 1 == arguments.size()) {
        throw new IllegalArgumentException(argument + ": no value (expected: one after it)");
      }
      given.put(argument.substring(2), arguments.get(i + 1));
    }
    DemoModelSettings defaults = defaults();
    String keyFile = given.get("key-file");
    return new DemoModelSettings(
        new InetSocketAddress(
            given.getOrDefault("bind", defaults.bind.getAddress().getHostAddress()),
            number(given, "port", defaults.bind.getPort(), 0, 65_535)),
        keyFile == null
            ? Optional.empty()
            : Optional.of(Files.readString(Path.of(keyFile)).strip()),
        Duration.ofMillis(
            number(given, "chunk-delay-ms", (int) defaults.chunkDelay.toMillis(), 0, 60_000)),
        number(given, "max-body-bytes", defaults.maxBodyBytes, 1_024, 1 << 30),
        number(given, "max-connections", defaults.maxConnections, 1, 100_000));
  }

  private static int number(
      Map<String, String> given, String option, int fallback, int least, int most) {
    String text = given.get(option);
    if (text == null) {
      return fallback;
    }
    try {
      int value = Integer.parseInt(text.strip());
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException notANumber) {
      // Told below, together with a number out of range: the reader needs the same sentence for
      // both.
    }
    throw new IllegalArgumentException(
        "--" + option + ": " + text + " (expected: " + least + " to " + most + ")");
  }
}
