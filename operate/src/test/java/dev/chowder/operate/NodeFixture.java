package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.cluster.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Runs commands against the operator ports of nodes of an installation on this machine. */
public abstract class NodeFixture {
  private static final int PORTS_APART = 10;
  private static final int MAX_TRIES = 50;

  @TempDir protected Path home;
  protected final List<SimulatedNode> nodes = new ArrayList<>();
  private int port;

  @BeforeEach
  void createInstallation() throws IOException {
    Files.writeString(home.resolve("cluster-id"), "tested");
  }

  @AfterEach
  void stopNodes() {
    nodes.forEach(SimulatedNode::close);
  }

  /** Starts nodes whose ports are ten apart, as {@code scripts/up} does. */
  protected void start(SimulatedNode.Parts... parts) throws IOException {
    for (int tries = 0; nodes.size() < parts.length; tries++) {
      assertThat(tries).as("no ports that are ten apart").isLessThan(MAX_TRIES);
      nodes.forEach(SimulatedNode::close);
      nodes.clear();
      port = FreePorts.one();
      try {
        for (int number = 0; number < parts.length; number++) {
          nodes.add(SimulatedNode.start(home, port + PORTS_APART * number, parts[number]));
        }
      } catch (IOException taken) {
        // Another process listens there.
      }
    }
    Files.writeString(home.resolve("nodes"), parts.length + "\n");
  }

  protected Map<String, Object> settings() {
    return Map.of(
        "chowder.home", home.toString(),
        "chowder.operator.port", port,
        "chowder.secret.master-key-file", home.resolve("master.key").toString());
  }

  protected Ran run(String... arguments) {
    return runWith("", arguments);
  }

  protected Ran runWith(String input, String... arguments) {
    var ran = Ran.of(Map.of(), settings(), input, arguments);
    assertThat(ran.errors()).doesNotContain("Exception", "a bug in", "chd_op_");
    return ran;
  }

  /** Runs a command that must succeed and returns its standard output. */
  protected String output(String... arguments) {
    var ran = run(arguments);
    assertThat(ran.code()).as(ran.errors()).isZero();
    return ran.output();
  }
}
