package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.SleepLevel;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the page-out of a frozen gateway whose memory the engine does not measure. */
class UnmeasuredSleepTest {
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());

  @Test
  void aFrozenGatewayWhoseMemoryIsUnknownStaysFrozen(@TempDir Path directory) {
    try (var database = TestStorage.open(directory);
        var engine = new SimulatedEngine(FakeSandboxSettings.instant());
        var http = HttpClient.newHttpClient()) {
      var settings = SecretSettings.from(TestStorage.config(directory));
      var secrets = new SecretStore(MasterKey.open(settings, database), database);
      engine.create(new SandboxSpec(SANDBOX, "org", "sandbox-medium", 1, OPENCLAW));
      var _ =
          engine.start(
              SANDBOX,
              new Fence(1, 1),
              new ProcessSpec(
                  "sandbox-medium", "org", List.of("serve"), Map.of(), 18789, OPENCLAW));
      engine.freeze(SANDBOX, 1);
      engine.script().failNext(Verb.PAGE_OUT, 1, Reason.NOT_FOUND, "no memory in use");

      var slept =
          new TestGateways(secrets, engine, http)
              .sleep()
              .deepen(ID, new InstanceEffect.Deepen("org", 1, SleepLevel.PAGED_OUT));

      assertThat(slept.level()).isEqualTo(SleepLevel.FROZEN);
      assertThat(engine.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Paused.class);
    }
  }
}
