package dev.chowder.rebinding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.instance.MemberViews;
import dev.chowder.rebinding.SandboxHosts.Decided;
import dev.chowder.rebinding.SandboxHosts.Host;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.HostRebindingRows;
import dev.chowder.storage.HostRebindingRows.Rebinding;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the hosts of sandboxes, on two nodes with one database and host {@code here}. */
class SandboxHostsTest {
  private static final String ENGINE = "fake";
  private static final Instant NOW = Instant.parse("2026-03-01T10:00:00Z");
  private static final String SANDBOX = "sb-0190a000-0000-7000-8000-00000000000a";

  @TempDir Path home;
  private SimulatedEngine engine;
  private Database database;
  private InstanceRows instances;
  private SandboxHosts node;
  private SandboxHosts other;

  @BeforeEach
  void open() {
    database = TestStorage.open(home);
    engine = new SimulatedEngine(FakeSandboxSettings.instant());
    engine.identifyAs("here");
    instances = new InstanceRows(database);
    node = node();
    other = node();
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
  }

  @Test
  void theHostsAreTheOwnOneAndThoseThatReferencesName() {
    assertThat(node.list()).containsExactly(host("here", true, 0));
    instances.upsert(MemberViews.rowIn(ref("here")));
    instances.upsert(MemberViews.rowIn(ref("previous")));
    instances.upsert(MemberViews.rowIn(ref("previous")));
    assertThat(node.list()).containsExactly(host("here", true, 1), host("previous", false, 2));
  }

  /** Its removal waits for the host, so that an operator must see which one. */
  @Test
  void aDeletedInstanceCountsWhileItsRemovalIsPending() {
    instances.upsert(MemberViews.deletedRowIn(ref("previous")));
    assertThat(node.list()).containsExactly(host("here", true, 0), host("previous", false, 1));
  }

  @Test
  void aReboundHostIsListedAlsoWithoutInstances() {
    var rebinding = new Rebinding(ENGINE, "previous", "here", NOW);
    new HostRebindingRows(database).put(rebinding);
    assertThat(node.list())
        .containsExactly(
            host("here", true, 0), new Host(ENGINE, "previous", false, 0, Optional.of(rebinding)));
  }

  @Test
  void aRebindingAppliesToAllNodesAtOnce() {
    instances.upsert(MemberViews.rowIn(ref("previous")));
    assertThat(node.reboundTo(ENGINE, "previous")).isEmpty();
    assertThat(other.reboundTo(ENGINE, "previous")).isEmpty();

    assertThat(node.rebind("previous")).isEqualTo(Decided.DONE);
    assertThat(node.reboundTo(ENGINE, "previous")).hasValue("here");
    assertThat(other.reboundTo(ENGINE, "previous")).hasValue("here");
    assertThat(other.reboundTo("kubernetes", "previous")).isEmpty();
    assertThat(other.list().getLast().rebinding())
        .hasValue(new Rebinding(ENGINE, "previous", "here", NOW));

    assertThat(other.unbind("previous")).isEqualTo(Decided.DONE);
    assertThat(other.reboundTo(ENGINE, "previous")).isEmpty();
    assertThat(node.reboundTo(ENGINE, "previous")).isEmpty();
  }

  /** Callers of a sandbox handle no other exceptions. */
  @Test
  void anOutageOfTheDatabaseIsAFailureOfTheSandbox() {
    database.close();
    assertThatThrownBy(() -> node.reboundTo(ENGINE, "previous"))
        .isInstanceOfSatisfying(
            SandboxException.class,
            why -> assertThat(why.reason()).isEqualTo(SandboxException.Reason.ENGINE_UNREACHABLE));
  }

  @Test
  void aRepeatedDecisionSucceeds() {
    instances.upsert(MemberViews.rowIn(ref("previous")));
    assertThat(node.unbind("previous")).isEqualTo(Decided.DONE);
    assertThat(node.rebind("previous")).isEqualTo(Decided.DONE);
    assertThat(node.rebind("previous")).isEqualTo(Decided.DONE);
  }

  /** The volumes of the first host were moved to a second one, and then to this one. */
  @Test
  void aHostThatWasReboundToAnotherOneIsReboundToThisOne() {
    new HostRebindingRows(database).put(new Rebinding(ENGINE, "first", "second", NOW));
    assertThat(node.rebind("first")).isEqualTo(Decided.DONE);
    assertThat(node.reboundTo(ENGINE, "first")).hasValue("here");
  }

  /** An operator knows only the host from which the volumes were moved last. */
  @Test
  void aHostReplacesThoseThatThePreviousOneReplaced() {
    var decisions = new HostRebindingRows(database);
    decisions.put(new Rebinding(ENGINE, "first", "second", NOW));
    decisions.put(new Rebinding("docker", "theirs", "second", NOW));
    assertThat(node.rebind("second")).isEqualTo(Decided.DONE);
    assertThat(node.reboundTo(ENGINE, "second")).hasValue("here");
    assertThat(node.reboundTo(ENGINE, "first")).hasValue("here");
    assertThat(node.reboundTo("docker", "theirs")).hasValue("second");
  }

  /** The volumes were moved from this host to another one, and back. */
  @Test
  void aHostThatReplacesTheOneWhichReplacedItNeedsNoDecisionAboutItself() {
    new HostRebindingRows(database).put(new Rebinding(ENGINE, "here", "second", NOW));
    instances.upsert(MemberViews.rowIn(ref("second")));
    assertThat(node.rebind("second")).isEqualTo(Decided.DONE);
    assertThat(node.reboundTo(ENGINE, "here")).isEmpty();
    assertThat(node.reboundTo(ENGINE, "second")).hasValue("here");
  }

  @Test
  void aDecisionAboutTheOwnHostCanBeEnded() {
    new HostRebindingRows(database).put(new Rebinding(ENGINE, "here", "second", NOW));
    assertThat(node.unbind("here")).isEqualTo(Decided.DONE);
    assertThat(node.list()).containsExactly(host("here", true, 0));
  }

  @Test
  void aHostThatCannotBeReboundIsRejected() {
    instances.upsert(MemberViews.rowIn(new SandboxRef("docker", "theirs", SANDBOX)));
    assertThat(node.rebind("here")).isEqualTo(Decided.OWN_HOST);
    assertThat(node.unbind("here")).isEqualTo(Decided.DONE);
    assertThat(node.rebind("unknown")).isEqualTo(Decided.UNKNOWN_HOST);
    assertThat(node.unbind("")).isEqualTo(Decided.UNKNOWN_HOST);
    assertThat(node.rebind("theirs")).isEqualTo(Decided.OTHER_ENGINE);
    assertThat(new HostRebindingRows(database).all()).isEmpty();
  }

  private SandboxHosts node() {
    return new SandboxHosts(new HostRebindingRows(database), instances, engine, () -> NOW);
  }

  private static SandboxRef ref(String host) {
    return new SandboxRef(ENGINE, host, SANDBOX);
  }

  private static Host host(String host, boolean own, int instances) {
    return new Host(ENGINE, host, own, instances, Optional.empty());
  }
}
