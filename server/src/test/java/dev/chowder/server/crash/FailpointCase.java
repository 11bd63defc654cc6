package dev.chowder.server.crash;

import static java.util.Map.entry;

import dev.chowder.base.Failpoints;
import dev.chowder.instance.InstanceEvent;
import dev.chowder.organization.OrganizationEvent;
import dev.chowder.sandbox.FailpointEngine;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A failpoint and the scenario that reaches it. The list comes from the code's own types. A new
 * verb or event is included automatically, and fails the suite until a scenario reaches it.
 */
record FailpointCase(String name, Scenario scenario) {
  /** The scenario that reaches a failpoint. */
  enum Scenario {
    /** Sign-up, create, stop, start and delete, of the instance and of its organization. */
    LIFECYCLE,
    /** A start of the server. */
    START_UP,
    /** An orderly shutdown of the server. */
    SHUT_DOWN,
    /** A create that only reserved the slot. */
    UNUSED_SLOT_OF_CREATE,
    /** A home volume that was removed while the server was down. */
    HOME_LOST,
    /** The home volume of a deleted instance that reappeared while the server was down. */
    HOME_REAPPEARED,
    /** A gateway whose address changed while the server was down. */
    MOVED,
    /** A gateway that stopped with its engine while the server was down. */
    ENGINE_LOST,
    /** A gateway of a later attempt, as after restoring a backup. */
    LATER_ATTEMPT,
    /** A failed instance that is recovered. */
    RECOVERED,
    /** A recovery that only reserved the slot. */
    UNUSED_SLOT_OF_RECOVER,
    /** A server with pool members, in {@link PoolCrashContract}. */
    POOL
  }

  /** The slot is reserved, and the instance does not exist yet. */
  static final FailpointCase BEFORE_CREATION =
      new FailpointCase("persist.Created" + Failpoints.BEFORE, Scenario.LIFECYCLE);

  /** The slot is reserved, and not even the organization's row shows it. */
  static final FailpointCase SLOT_TAKEN =
      new FailpointCase("persist.organization.SlotReserved" + Failpoints.AFTER, Scenario.LIFECYCLE);

  /** The slot for a recovery is reserved, and the instance does not know it yet. */
  static final FailpointCase BEFORE_RECOVERY =
      new FailpointCase("persist.Recovered" + Failpoints.BEFORE, Scenario.RECOVERED);

  private static final Map<String, Scenario> UNUSUAL =
      Map.ofEntries(
          entry("engine.watch", Scenario.START_UP),
          entry("engine.separate", Scenario.START_UP),
          entry("engine.close", Scenario.SHUT_DOWN),
          entry("engine.removeProcesses", Scenario.HOME_LOST),
          entry("engine.howEnded", Scenario.ENGINE_LOST),
          entry("persist.CreationForbidden", Scenario.UNUSED_SLOT_OF_CREATE),
          entry("persist.Failed", Scenario.HOME_LOST),
          entry("persist.LeftoverFound", Scenario.HOME_REAPPEARED),
          entry("persist.EndpointMoved", Scenario.MOVED),
          entry("persist.GatewayLost", Scenario.ENGINE_LOST),
          entry("persist.LaterAttemptFound", Scenario.LATER_ATTEMPT),
          entry("persist.Recovered", Scenario.RECOVERED),
          entry("persist.SlotFound", Scenario.UNUSED_SLOT_OF_RECOVER),
          entry("persist.MemberCreated", Scenario.POOL),
          entry("persist.Claimed", Scenario.POOL),
          entry("persist.Discarded", Scenario.POOL));

  static List<FailpointCase> all() {
    return Stream.of(
            verbs().map(verb -> "engine." + verb),
            events(InstanceEvent.class).map(event -> "persist." + event),
            events(OrganizationEvent.class).map(event -> "persist.organization." + event))
        .flatMap(names -> names)
        .flatMap(
            name ->
                Stream.of(Failpoints.BEFORE, Failpoints.AFTER)
                    .map(
                        side ->
                            new FailpointCase(
                                name + side, UNUSUAL.getOrDefault(name, Scenario.LIFECYCLE))))
        .toList();
  }

  private static Stream<String> verbs() {
    return FailpointEngine.PARTS.stream()
        .flatMap(part -> Arrays.stream(part.getDeclaredMethods()))
        .filter(
            verb -> !verb.isSynthetic() && !FailpointEngine.PARTS.contains(verb.getReturnType()))
        .map(java.lang.reflect.Method::getName)
        .distinct()
        .sorted();
  }

  private static Stream<String> events(Class<?> sealed) {
    return Arrays.stream(sealed.getPermittedSubclasses()).map(Class::getSimpleName);
  }

  @Override
  public String toString() {
    return name;
  }
}
