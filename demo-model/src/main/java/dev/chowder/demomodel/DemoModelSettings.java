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
 * The settings of one demo model.
 *
 * @param bind the address to listen on. Default: 127.0.0.1, port 9092. Port 0 uses a free port.
 *     Sandboxes reach the host through their bridge, so a test with a real sandbox passes the
 *     bridge's address or 0.0.0.0.
 * @param requiredKey the bearer key that every call under {@code /v1} must have; other calls get
 *     401. Default: empty, so that any call is accepted with or without a key.
 * @param chunkDelay the pause before each chunk of {@code Count slowly to N}. Default: 500 ms.
 * @param maxBodyBytes the maximum size of a request body; a larger one gets 413. Default: 8 MiB,
 *     since every call includes an agent's system prompt, tools and history.
 * @param maxConnections connections open at once; more are closed. Default: 512.
 */
public record DemoModelSettings(
    InetSocketAddress bind,
    Optional<String> requiredKey,
    Duration chunkDelay,
    int maxBodyBytes,
    int maxConnections) {

  private static final List<String> OPTIONS =
      List.of("bind", "port", "key-file", "chunk-delay-ms", "max-body-bytes", "max-connections");

  /**
   * Reads settings from {@code --name value} arguments, then from {@code CHOWDER_DEMO_MODEL_NAME}
   * variables (dashes become underscores), then from the defaults. The key comes from a file,
   * because other processes can read arguments and variables.
   *
   * @throws IllegalArgumentException if an option is invalid; the message names the option, its
   *     rule and the value
   * @throws IOException if the key file cannot be read
   */
  public static DemoModelSettings parse(List<String> arguments, Map<String, String> environment)
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
            "argument: must be one of --" + String.join(", --", OPTIONS) + "; got " + argument);
      }
      if (i + 1 == arguments.size()) {
        throw new IllegalArgumentException(argument + ": must be followed by a value");
      }
      given.put(argument.substring(2), arguments.get(i + 1));
    }
    String keyFile = given.get("key-file");
    return new DemoModelSettings(
        new InetSocketAddress(
            given.getOrDefault("bind", InetAddress.getLoopbackAddress().getHostAddress()),
            number(given, "port", 9092, 0, 65_535)),
        keyFile == null
            ? Optional.empty()
            : Optional.of(Files.readString(Path.of(keyFile)).strip()),
        Duration.ofMillis(number(given, "chunk-delay-ms", 500, 0, 60_000)),
        number(given, "max-body-bytes", 8 << 20, 1_024, 1 << 30),
        number(given, "max-connections", 512, 1, 100_000));
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
      // Reported below with the same message as a number out of range.
    }
    throw new IllegalArgumentException(
        "--" + option + ": must be " + least + " to " + most + "; got " + text);
  }
}
