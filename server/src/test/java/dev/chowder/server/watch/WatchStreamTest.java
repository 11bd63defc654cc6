package dev.chowder.server.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.call.StubCall;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class WatchStreamTest {
  private final StubCall<Integer> caller = new StubCall<>(true);
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicReference<Consumer<InstanceReply>> instance = new AtomicReference<>();

  @Test
  void aStateThatCannotBeShownEndsTheWatch() {
    var away = new IllegalStateException("no database");
    begin(
        view -> {
          if (view.revision() == 2) throw away;
          return view.revision();
        });
    instance.get().accept(new InstanceReply.Accepted(view(1)));
    instance.get().accept(new InstanceReply.Accepted(view(2)));
    assertThat(caller.messages()).containsExactly(1);
    assertThat(caller.failure()).containsSame(away);
    assertThat(closed).isTrue();
  }

  private void begin(Function<InstanceView, Integer> present) {
    new WatchStream<>(
            caller,
            present,
            refused -> {
              throw new AssertionError(refused);
            },
            Optional.empty())
        .begin(
            listener -> {
              instance.set(listener);
              return () -> closed.set(true);
            },
            new DrainSignal());
  }

  private static InstanceView view(int revision) {
    var profile =
        new Profile(
            "organization",
            "name",
            new ModelChoice("custom", "any", "", ""),
            "sandbox",
            "v1",
            "local",
            Map.of(),
            0,
            0,
            TokenRotations.NONE,
            ConfigValues.NONE,
            Homes.FIRST,
            Instant.EPOCH,
            Instant.EPOCH,
            "request");
    return new InstanceView(
        new InstanceId("01a20000-0000-7000-8000-000000000001"),
        revision,
        new InstanceStatus(Name.RUNNING, Name.RUNNING),
        profile,
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
}
