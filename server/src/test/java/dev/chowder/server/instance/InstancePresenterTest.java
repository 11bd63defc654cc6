package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.gateway.Overrides;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.sandbox.SandboxRef;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Presents an instance whose journal does or does not name its sandbox. */
class InstancePresenterTest {
  private static final String ID = "01a20000-0000-7000-8000-000000000001";

  private final InstancePresenter presenter =
      new InstancePresenter(id -> "https://" + id, withoutOverrides());

  @Test
  void theSandboxIdIsThatOfTheJournal() {
    var ref = new SandboxRef("kubernetes", "cluster-1", "pod-1");
    assertThat(presenter.instance(view(Optional.of(ref))).getSandboxId()).isEqualTo("pod-1");
  }

  @Test
  void withoutAReferenceTheSandboxIdIsDerivedFromTheInstance() {
    assertThat(presenter.instance(view(Optional.empty())).getSandboxId()).isEqualTo("sb-" + ID);
  }

  private static InstanceView view(Optional<SandboxRef> sandbox) {
    var stopped = InstanceStatus.Name.STOPPED;
    return new InstanceView(
        new InstanceId(ID),
        1,
        new InstanceStatus(stopped, stopped),
        profile(sandbox),
        1,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        true,
        true,
        Optional.empty(),
        Optional.empty(),
        true,
        0,
        false);
  }

  private static Profile profile(Optional<SandboxRef> sandbox) {
    return new Profile(
        "organization",
        "one",
        new ModelChoice("custom", "demo", "", ""),
        "sandbox",
        "1",
        "local",
        Map.of(),
        0,
        0,
        TokenRotations.NONE,
        ConfigValues.NONE,
        Homes.FIRST,
        sandbox,
        Instant.EPOCH,
        Instant.EPOCH,
        "");
  }

  private static Overrides withoutOverrides() {
    return (Overrides)
        Proxy.newProxyInstance(
            Overrides.class.getClassLoader(),
            new Class<?>[] {Overrides.class},
            (_, method, _) -> {
              if (method.getName().equals("shown")) return Map.of();
              throw new AssertionError(method);
            });
  }
}
