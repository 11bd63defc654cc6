package dev.chowder.gateway;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ImageFilesTest {
  private final SimulatedEngine host = new SimulatedEngine(FakeSandboxSettings.instant());
  private final ImageFiles images =
      new ImageFiles(
          host, SandboxId.ofInstance(Ids.next()), "image", RESOURCES, Duration.ofSeconds(30));

  /** A simulated image has no schema. */
  @Test
  void callsThatWaitedForAFailedReadDoNotReadAgain() throws Exception {
    var read = host.script().holdNext(Verb.RUN);
    var first = start(images::schema);
    assertThat(read.awaitCall(Duration.ofSeconds(30))).isTrue();
    var others = IntStream.range(0, 4).mapToObj(_ -> start(images::schema)).toList();
    for (var other : others) awaitWaiting(other);

    read.release();

    assertThat(first.result.get(30, TimeUnit.SECONDS)).isEmpty();
    for (var other : others) assertThat(other.result.get(30, TimeUnit.SECONDS)).isEmpty();
    assertThat(reads()).isEqualTo(1);
    assertThat(images.schema()).isEmpty();
    assertThat(reads()).isEqualTo(2);
  }

  private record Call(Thread thread, FutureTask<Optional<ConfigSchema>> result) {}

  private static Call start(Callable<Optional<ConfigSchema>> work) {
    var result = new FutureTask<>(work);
    return new Call(Thread.ofPlatform().daemon().start(result), result);
  }

  private static void awaitWaiting(Call call) {
    Await.until(() -> call.thread.getState() == Thread.State.WAITING);
  }

  private long reads() {
    return host.script().calls().stream().filter(call -> call.verb() == Verb.RUN).count();
  }
}
