package dev.chowder.operate.admin.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.NodeFixture;
import dev.chowder.operate.SimulatedNode.Parts;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The second of two nodes reconciles. */
class LocalNodesTest extends NodeFixture {
  @BeforeEach
  void start() throws IOException {
    var usual = Parts.usual();
    start(usual.withNodes("one:1", "one:1", "two:2"), usual.withNodes("two:2", "one:1", "two:2"));
  }

  @Test
  void aCallGoesToTheFirstNode() {
    assertThat(output("nodes", "ls"))
        .isEqualTo("   NODE   RECONCILES\n*  one:1  no\n   two:2  yes\n");
  }

  @Test
  void theOptionChoosesANode() {
    assertThat(output("nodes", "ls", "--node", "2")).contains("*  two:2  yes");
    assertThat(output("call", "--node", "2", "ListNodes")).contains("\"answered_by\":\"two:2\"");
    var ran = run("nodes", "ls", "--node", "10");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).isEqualTo("chowder: node: must be 1 to 9; got 10.\n");
  }

  @Test
  void theNodeThatServesACallIsFound() {
    assertThat(output("reconciler", "get")).contains("halted:");
    assertThat(run("reconciler", "release").errors()).contains("continues");
    assertThat(nodes.getLast().calls()).containsExactly("ReleaseReconciler  ");
    var ran = run("reconciler", "get", "--node", "1");
    assertThat(ran.code()).isEqualTo(ExitCode.UNAVAILABLE.number());
    assertThat(ran.errors()).contains("node two:2 reconciles");
  }

  @Test
  void anotherNodeServesACallIfTheFirstOneIsDown() {
    nodes.getFirst().close();
    assertThat(output("nodes", "ls")).contains("*  two:2  yes");
    nodes.getLast().close();
    var ran = run("nodes", "ls");
    assertThat(ran.code()).isEqualTo(ExitCode.UNAVAILABLE.number());
    assertThat(ran.errors()).contains("of node 1: no program listens there", "chowder up");
  }

  @Test
  void aCallThatANodeRejectsIsNotSentToAnother() {
    var ran = run("organizations", "create", " ");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(nodes.getLast().calls()).isEmpty();
  }

  @Test
  void withoutItsTokenANodeIsNotCalled() throws IOException {
    Files.delete(home.resolve("operator.token"));
    var ran = run("nodes", "ls");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("operator.token", "CHOWDER_HOME");
    Files.writeString(home.resolve("operator.token"), "chd_op_of_another");
    var rejected = run("nodes", "ls");
    assertThat(rejected.code()).isEqualTo(ExitCode.DENIED.number());
    assertThat(rejected.errors()).contains("CHOWDER_HOME").doesNotContain("chd_op_of_another");
  }

  @Test
  void aWrongNumberOfNodesIsAnError() throws IOException {
    Files.writeString(home.resolve("nodes"), "many\n");
    var ran = run("nodes", "ls");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("nodes: must be 1 to 9; got many");
  }
}
