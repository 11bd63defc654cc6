package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.gateway.Overrides;
import dev.chowder.instance.InstanceStatus;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxRef;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Presents an instance whose journal does or does not name its sandbox. */
class InstancePresenterTest {
  private final InstancePresenter presenter =
      new InstancePresenter(id -> "https://" + id, withoutOverrides());

  @Test
  void theSandboxIdIsThatOfTheJournal() {
    var ref = new SandboxRef("kubernetes", "cluster-1", "pod-1");
    assertThat(presenter.instance(view(Optional.of(ref))).getSandboxId()).isEqualTo("pod-1");
  }

  @Test
  void withoutAReferenceTheSandboxIdIsDerivedFromTheInstance() {
    assertThat(presenter.instance(view(Optional.empty())).getSandboxId())
        .isEqualTo("sb-" + InstanceViews.ID);
  }

  private static InstanceView view(Optional<SandboxRef> sandbox) {
    return InstanceViews.of(1, InstanceStatus.Name.STOPPED, sandbox);
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
