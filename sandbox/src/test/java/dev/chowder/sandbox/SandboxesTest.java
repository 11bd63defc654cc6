package dev.chowder.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Finds sandboxes of an engine named {@code docker} on host {@code here}. */
class SandboxesTest {
  private final String instance = UUID.randomUUID().toString();
  private final SandboxId derived = SandboxId.ofInstance(instance);

  private static final SandboxEndpoint PORT_1 = new SandboxEndpoint("127.0.0.1", 40001);
  private static final SandboxEndpoint PORT_2 = new SandboxEndpoint("127.0.0.1", 40002);

  /** The generation of each home volume on this host; empty if it has none. */
  private Optional<Integer> home = Optional.empty();

  private SandboxObservation.MainProcess process =
      SandboxObservation.nothing(derived).mainProcess();
  private int restarts;
  private int observations;

  private final Sandboxes sandboxes = new Sandboxes(engine(), SandboxesTest::reboundTo);

  @Test
  void withoutAReferenceTheIdIsDerivedFromTheInstance() {
    assertThat(sandboxes.of(instance, Optional.empty()).observe().id()).isEqualTo(derived);
  }

  @Test
  void aReferenceNamesTheSandbox() {
    var other = SandboxId.ofInstance(UUID.randomUUID().toString());
    assertThat(of(new SandboxRef("docker", "here", other.value())).observe().id()).isEqualTo(other);
  }

  @Test
  void aSandboxWhoseHostWasReboundToThisOneIsFound() {
    var moved = of(new SandboxRef("docker", "moved", derived.value()));
    assertThat(moved.observe().id()).isEqualTo(derived);
  }

  /** An upgrade of Docker changed its identity, or an operator moved the volume. */
  @Test
  void aSandboxWhoseHomeVolumeIsHereIsFoundWithoutAnyDecision() {
    home = Optional.of(3);
    var withoutDecisions =
        new Sandboxes(
            engine(),
            (_, _) -> {
              throw new AssertionError("queried");
            });
    var ref = new HomeRef(new SandboxRef("docker", "there", derived.value()), 3);
    assertThat(withoutDecisions.of(instance, Optional.of(ref)).observe().id()).isEqualTo(derived);
    withoutDecisions.requireHere(instance, Optional.of(ref));
    withoutDecisions.requireHere(Optional.of(ref), observed());
  }

  @Test
  void anotherHomeVolumeOfTheInstanceDoesNotCount() {
    home = Optional.of(2);
    var elsewhere = new HomeRef(new SandboxRef("docker", "there", derived.value()), 3);
    assertElsewhere(sandboxes.of(instance, Optional.of(elsewhere)));
    assertThatThrownBy(() -> sandboxes.requireHere(Optional.of(elsewhere), observed()))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.ELSEWHERE));
  }

  /** Callers of the API read this message, and operators read the hosts in the log. */
  @Test
  void anotherHostIsRejectedWithTheRemedyAndWithoutIdentities() {
    var elsewhere = of(new SandboxRef("docker", "there-1", derived.value()));
    assertElsewhere(elsewhere);
    assertThatThrownBy(elsewhere::observe)
        .hasMessageContaining("RebindHost")
        .hasMessageNotContaining("there-1");
  }

  @Test
  void aSandboxWhoseHostWasReboundToAnotherOneIsRejected() {
    assertElsewhere(of(new SandboxRef("docker", "moved-on", derived.value())));
  }

  @Test
  void anotherEngineIsRejectedAlsoIfItsHostIsRebound() {
    assertElsewhere(of(new SandboxRef("kubernetes", "here", "pod-1")));
    assertElsewhere(of(new SandboxRef("kubernetes", "moved", derived.value())));
  }

  @Test
  void theCheckOfTheHostHasTheSameResult() {
    sandboxes.requireHere(instance, Optional.empty());
    sandboxes.requireHere(instance, home("here"));
    sandboxes.requireHere(instance, home("moved"));
    assertThatThrownBy(() -> sandboxes.requireHere(instance, home("there")))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.ELSEWHERE));
  }

  @Test
  void anEndpointIsCurrentOnceTheEngineReportedItAndUntilItMayHaveRestarted() {
    process = new MainProcess.Up(1, PORT_1);
    assertThat(isCurrent(PORT_1)).isTrue();
    assertThat(isCurrent(PORT_1)).isTrue();
    assertThat(observations).as("queries of the engine").isEqualTo(1);
    assertThat(isCurrent(PORT_2)).isFalse();

    // Another agent may have the port now.
    restarts++;
    process = new MainProcess.Up(1, PORT_2);
    assertThat(isCurrent(PORT_1)).isFalse();
    assertThat(isCurrent(PORT_2)).isTrue();
  }

  @Test
  void aBrokenEventStreamAloneCostsOneQuery() {
    process = new MainProcess.Up(1, PORT_1);
    assertThat(isCurrent(PORT_1)).isTrue();
    restarts++;
    assertThat(isCurrent(PORT_1)).isTrue();
    assertThat(isCurrent(PORT_1)).isTrue();
    assertThat(observations).isEqualTo(2);
  }

  @Test
  void theEndpointOfAProcessThatEndedIsNotCurrent() {
    assertThat(isCurrent(PORT_1)).isFalse();
  }

  private boolean isCurrent(SandboxEndpoint endpoint) {
    return sandboxes.isCurrent(instance, Optional.empty(), endpoint);
  }

  private static Optional<String> reboundTo(String engine, String host) {
    return switch (host) {
      case "moved" -> Optional.of("here");
      case "moved-on" -> Optional.of("there");
      default -> Optional.empty();
    };
  }

  private Sandbox of(SandboxRef ref) {
    return sandboxes.of(instance, Optional.of(new HomeRef(ref, 1)));
  }

  private Optional<HomeRef> home(String host) {
    return Optional.of(new HomeRef(new SandboxRef("docker", host, derived.value()), 1));
  }

  private SandboxObservation observed() {
    return new SandboxObservation(derived, home, SandboxObservation.nothing(derived).mainProcess());
  }

  private static void assertElsewhere(Sandbox sandbox) {
    assertThatThrownBy(sandbox::observe)
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.ELSEWHERE));
  }

  private SandboxEngine engine() {
    return (SandboxEngine)
        Proxy.newProxyInstance(
            SandboxEngine.class.getClassLoader(),
            new Class<?>[] {SandboxEngine.class},
            (_, verb, arguments) -> {
              var id = arguments == null ? derived : (SandboxId) arguments[0];
              return switch (verb.getName()) {
                case "ref" -> new SandboxRef("docker", "here", id.value());
                case "observe" -> {
                  observations++;
                  yield new SandboxObservation(id, home, process);
                }
                case "restarts" -> restarts;
                default -> throw new AssertionError(verb);
              };
            });
  }
}
