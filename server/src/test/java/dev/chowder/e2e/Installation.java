package dev.chowder.e2e;

import dev.chowder.testprogram.SourceTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The addresses of the installation under test. Does not start one; the scripts do.
 *
 * @param rest Envoy's address
 * @param grpc the server's address as {@code host:port}
 * @param keyFile file with the key of an organization of tier crab
 * @param demoModel the demo model's address
 * @param cluster value of the label {@code dev.chowder.cluster}
 * @param home directory in which the scripts keep their state
 */
record Installation(URI rest, String grpc, Path keyFile, URI demoModel, String cluster, Path home) {
  static final Installation UNDER_TEST =
      new Installation(
          URI.create(required("CHOWDER_E2E_REST")),
          required("CHOWDER_E2E_GRPC"),
          Path.of(required("CHOWDER_E2E_KEY_FILE")),
          URI.create(required("CHOWDER_E2E_DEMO_MODEL")),
          required("CHOWDER_E2E_CLUSTER"),
          Path.of(required("CHOWDER_E2E_HOME")));

  String key() {
    try {
      return Files.readString(keyFile).strip();
    } catch (IOException e) {
      throw new AssertionError("no key: " + keyFile, e);
    }
  }

  /** Returns the agent that {@code scripts/up} created. */
  String firstAgent() {
    try {
      return Files.readString(home.resolve("first-instance")).strip();
    } catch (IOException e) {
      throw new AssertionError("no first agent: " + home, e);
    }
  }

  InetSocketAddress restAddress() {
    return new InetSocketAddress(rest.getHost(), rest.getPort());
  }

  /** Returns a folder for downloads that tests need once, such as a Python client. */
  static Path cache() {
    return SourceTree.here().cache();
  }

  private static String required(String variable) {
    return required(variable, "that of a running installation");
  }

  static String required(String variable, String rule) {
    String value = System.getenv(variable);
    if (value == null || value.isBlank()) {
      throw new AssertionError(
          variable + ": must be %s, which scripts/test sets; got none".formatted(rule));
    }
    return value;
  }
}
