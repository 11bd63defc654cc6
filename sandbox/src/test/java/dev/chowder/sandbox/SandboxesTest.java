package dev.chowder.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.sandbox.SandboxException.Reason;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Finds sandboxes of an engine named {@code docker} on host {@code here}. */
class SandboxesTest {
  private final String instance = UUID.randomUUID().toString();
  private final SandboxId derived = SandboxId.ofInstance(instance);
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
  void aSandboxWhoseHomeVolumeWasMovedIsFound() {
    var moved = of(new SandboxRef("docker", "moved", derived.value()));
    assertThat(moved.observe().id()).isEqualTo(derived);
  }

  @Test
  void anotherHostIsRejectedWithBothHosts() {
    var elsewhere = of(new SandboxRef("docker", "there", derived.value()));
    assertElsewhere(elsewhere);
    assertThatThrownBy(elsewhere::observe)
        .hasMessageContaining("host there of engine docker")
        .hasMessageContaining("host here of engine docker")
        .hasMessageContaining("RebindHost");
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
    sandboxes.requireHere(instance, Optional.of(new SandboxRef("docker", "here", derived.value())));
    sandboxes.requireHere(
        instance, Optional.of(new SandboxRef("docker", "moved", derived.value())));
    assertThatThrownBy(
            () ->
                sandboxes.requireHere(
                    instance, Optional.of(new SandboxRef("docker", "there", derived.value()))))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.ELSEWHERE));
  }

  private static Optional<String> reboundTo(String engine, String host) {
    return switch (host) {
      case "moved" -> Optional.of("here");
      case "moved-on" -> Optional.of("there");
      default -> Optional.empty();
    };
  }

  private Sandbox of(SandboxRef ref) {
    return sandboxes.of(instance, Optional.of(ref));
  }

  private static void assertElsewhere(Sandbox sandbox) {
    assertThatThrownBy(sandbox::observe)
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.ELSEWHERE));
  }

  private static SandboxEngine engine() {
    return (SandboxEngine)
        Proxy.newProxyInstance(
            SandboxEngine.class.getClassLoader(),
            new Class<?>[] {SandboxEngine.class},
            (_, verb, arguments) -> {
              var id = (SandboxId) arguments[0];
              return switch (verb.getName()) {
                case "ref" -> new SandboxRef("docker", "here", id.value());
                case "observe" -> SandboxObservation.nothing(id);
                default -> throw new AssertionError(verb);
              };
            });
  }
}
