package dev.chowder.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.SnapshotSerializer;
import org.junit.jupiter.api.Test;

/** Checks snapshots of states that occur, which also have empty and absent components. */
class InstanceSnapshotsTest {
  @Test
  void everyReachableStateSurvivesASnapshot() throws Exception {
    var snapshots = new SnapshotSerializer();
    for (var step : LifecycleExploration.explore()) {
      var state = step.to();
      assertThat(snapshots.fromBinary(snapshots.toBinary(state), snapshots.manifest(state)))
          .isEqualTo(state);
    }
  }
}
