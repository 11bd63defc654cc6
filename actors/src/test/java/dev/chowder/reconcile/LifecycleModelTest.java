package dev.chowder.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.InstanceCommand;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Drives the real rules of an instance through every order of a few commands and faults, together
 * with a model of its host. A failure prints the shortest sequence that leads to it. The rules are
 * {@code decide}, {@code evolve}, {@code pendingEffect}, the observation table, and what a
 * reconciliation pass decides by it.
 *
 * <p>In each order, and whatever happens first in it:
 *
 * <ul>
 *   <li>Without further commands and faults, the instance reaches a steady state without a pending
 *       effect, and nothing goes on forever.
 *   <li>It then is what the last accepted command wanted. If it failed instead, a fault of this
 *       order explains the reason.
 *   <li>The host agrees: an instance that runs has its own gateway with its own configuration and
 *       token, a sleeping one has the process of its level, and a deleted one leaves nothing.
 *   <li>No accepted configuration is lost, no command has an effect twice, and no home volume that
 *       an agent used is removed.
 *   <li>Attempts, configurations and rotations never go backwards, and no volume is created with
 *       the number of a lost one.
 * </ul>
 *
 * <p>The bounds are four commands with one fault, three with two, and in the soak two with three.
 * That takes about 15 s of one processor. A world is an instance with its host, what is late, and
 * what was promised. Steps of effects and of reconciliation are not limited. One message or call
 * can be late at a time. All times are equal, ids are constant, and versions count changes, so the
 * worlds are finite.
 *
 * <p>Three things are not part of the model, because no fence covers them: late writes to the files
 * of an instance, a late release of its slot, and a late creation of its volume after that volume
 * was lost. {@code LifecycleExploration} stays beside it, because the document of the lifecycle
 * also shows commands that a host never causes in a state.
 */
class LifecycleModelTest {
  /** The number of phases of {@link dev.chowder.instance.InstanceState}. */
  private static final int PHASES = 14;

  @Test
  void everyOrderOfCommandsAndFaultsReachesASteadyStateThatTheHostAgreesWith() {
    var phases = new HashSet<String>();
    var names = new HashSet<String>();
    for (var search : List.of(search(4, 1, 126_741), search(3, 2, 553_717))) {
      phases.addAll(search.phases());
      names.addAll(search.names());
    }
    assertThat(phases).hasSize(PHASES);
    assertThat(requestsOfCallersAndOfThePool())
        .allSatisfy(request -> assertThat(names).anyMatch(name -> isOf(name, request)));
    assertThat(names)
        .contains("Create", "Warm", "Claim with overrides", "Claim, rejected", "Discard")
        .contains("Stop", "Stop, end", "Start", "Restart", "Recover", "Delete", "Deepen to off")
        .contains("Update", "SwitchChannel", "RotateToken")
        .contains("the report of start_gateway is lost", "the node dies before it reports Remove")
        .contains("arrives twice: GatewayStopped", "late: Observed Down", "late: StopGateway")
        .contains("the gateway crashes", "the engine restarts")
        .contains("the home volume is lost", "the lost home volume is back")
        .contains("the host is lost, and an operator rebinds it", "the host is back")
        .contains("reconciliation: Lost", "reconciliation: Unreachable", "reconciliation: Orphan");
  }

  @Tag("soak")
  @Test
  void everyOrderWithThreeFaultsReachesSuchAState() {
    assertThat(search(2, 3, 835_382).phases()).hasSize(PHASES);
  }

  /**
   * Visits all worlds within the bounds.
   *
   * @param worlds their number. A change of the product may change it. A lower one needs a reason,
   *     because orders that the model no longer reaches are not checked.
   */
  private static ModelSearch search(int commands, int faults, int worlds) {
    var search = new ModelSearch(commands, faults);
    search.run();
    assertThat(search.worlds()).as("%s", search.summary()).isEqualTo(worlds);
    return search;
  }

  /** A new command must be in {@link ModelCommands}, or in this list. */
  private static List<String> requestsOfCallersAndOfThePool() {
    // The first three change nothing, and the last one is part of reconciliation in the model.
    var others =
        Set.of(
            InstanceCommand.Get.class,
            InstanceCommand.Watch.class,
            InstanceCommand.RefreshRow.class,
            InstanceCommand.ReleaseUnusedSlot.class);
    return Arrays.stream(InstanceCommand.Request.class.getPermittedSubclasses())
        .filter(type -> !others.contains(type))
        .map(Class::getSimpleName)
        .toList();
  }

  private static boolean isOf(String name, String request) {
    return name.equals(request) || name.startsWith(request + " ") || name.startsWith(request + ",");
  }
}
