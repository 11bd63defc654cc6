package dev.chowder.server.crash;

import static java.util.Map.entry;

import dev.chowder.actor.Failpoints;
import dev.chowder.instance.InstanceEvent;
import dev.chowder.organization.OrganizationEvent;
import dev.chowder.sandbox.SandboxDriver;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A failpoint, and what has to happen for it to be hit. The list is made from the code's own types:
 * a new verb or event is in it at once, and fails the suite until something hits it.
 */
record Place(String name, Story story) {
  /** What leads to a failpoint. */
  enum Story {
    /** Sign-up, create, stop, start and delete, of the instance and of its organization. */
    LIFE,
    /** A start of the server. */
    START_UP,
    /** An orderly end of the server. */
    SHUT_DOWN,
    /** A create of which only the slot was reserved. */
    UNBORN,
    /** A home that vanished while the server was down. */
    HOME_LOST,
    /** A deleted instance's home that came back while the server was down. */
    LEFTOVER,
    /** A gateway that answers elsewhere since the server was down. */
    MOVED,
    /** A gateway that ended with its engine while the server was down. */
    ENGINE_LOST,
    /** A gateway of a later attempt, as after a backup was restored. */
    LATER_ATTEMPT,
    /** An instance in error that is given another life. */
    RECOVERED,
    /** The same, of which only the slot was taken. */
    SLOT_UNUSED
  }

  /** Where a slot is taken, and its instance not there yet. */
  static final Place BEFORE_BIRTH = new Place("persist.Created" + Failpoints.BEFORE, Story.LIFE);

  /** Where a slot is taken, and not even the organization's row knows. */
  static final Place SLOT_TAKEN =
      new Place("persist.organization.SlotReserved" + Failpoints.AFTER, Story.LIFE);

  /** Where the slot for another life is taken, and the instance does not know yet. */
  static final Place BEFORE_RECOVERY =
      new Place("persist.Recovered" + Failpoints.BEFORE, Story.RECOVERED);

  private static final Map<String, Story> UNUSUAL =
      Map.ofEntries(
          entry("driver.notices", Story.START_UP),
          entry("driver.close", Story.SHUT_DOWN),
          entry("driver.removeProcesses", Story.HOME_LOST),
          entry("driver.howEnded", Story.ENGINE_LOST),
          entry("persist.BirthForbidden", Story.UNBORN),
          entry("persist.Failed", Story.HOME_LOST),
          entry("persist.LeftoverFound", Story.LEFTOVER),
          entry("persist.EndpointMoved", Story.MOVED),
          entry("persist.GatewayLost", Story.ENGINE_LOST),
          entry("persist.LaterAttemptFound", Story.LATER_ATTEMPT),
          entry("persist.Recovered", Story.RECOVERED),
          entry("persist.SlotFound", Story.SLOT_UNUSED));

  static List<Place> all() {
    return Stream.of(
            verbs().map(verb -> "driver." + verb),
            events(InstanceEvent.class).map(event -> "persist." + event),
            events(OrganizationEvent.class).map(event -> "persist.organization." + event))
        .flatMap(names -> names)
        .flatMap(
            name ->
                Stream.of(Failpoints.BEFORE, Failpoints.AFTER)
                    .map(side -> new Place(name + side, UNUSUAL.getOrDefault(name, Story.LIFE))))
        .toList();
  }

  private static Stream<String> verbs() {
    return Arrays.stream(SandboxDriver.class.getDeclaredMethods())
        .filter(verb -> !verb.isSynthetic())
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
