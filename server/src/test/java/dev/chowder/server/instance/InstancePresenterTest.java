package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.gateway.Overrides;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxRef;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Presents an instance whose journal does or does not name its sandbox. */
class InstancePresenterTest {
  private final InstancePresenter presenter =
      new InstancePresenter(id -> "https://" + id, withoutOverrides(), 0);

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

  @Test
  void aPageEndsBeforeItsOverridesExceedTheLimit() {
    var views =
        Stream.of(1, 2, 3, 4)
            .map(n -> InstanceViews.of(n, InstanceStatus.Name.STOPPED, Optional.empty()))
            .toList();
    var sizes = new HashMap<InstanceId, Long>();
    assertThat(limited(10, sizes).beginning(views)).isEqualTo(views);
    sizes.put(views.getFirst().id(), 5L);
    assertThat(limited(20, sizes).beginning(views)).hasSize(4);
    assertThat(limited(19, sizes).beginning(views)).hasSize(3);
    assertThat(limited(4, sizes).beginning(views)).as("at least one").hasSize(1);
  }

  private static InstancePresenter limited(long maxBytes, Map<InstanceId, Long> sizes) {
    return new InstancePresenter(id -> "https://" + id, overrides("sizes", sizes), maxBytes);
  }

  private static InstanceView view(Optional<SandboxRef> sandbox) {
    return InstanceViews.of(1, InstanceStatus.Name.STOPPED, sandbox);
  }

  static Overrides withoutOverrides() {
    return overrides("shown", Map.of());
  }

  private static Overrides overrides(String called, Map<InstanceId, ?> result) {
    return (Overrides)
        Proxy.newProxyInstance(
            Overrides.class.getClassLoader(),
            new Class<?>[] {Overrides.class},
            (_, method, _) -> {
              if (method.getName().equals(called)) return result;
              throw new AssertionError(method);
            });
  }
}
