package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.Stage;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that failed steps of sleep are counted with their reasons. */
class SleepFailuresTest {
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());
  private static final ProcessSpec PROCESS =
      new ProcessSpec("image", "org", List.of("serve"), Map.of(), 18789, OPENCLAW);

  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir Path directory;
  private Database database;
  private TestGateways gateways;

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    gateways =
        new TestGateways(
            new SecretStore(MasterKey.open(settings, database), database), engine, http);
    engine.create(new SandboxSpec(SANDBOX, "org", "image", 1, OPENCLAW));
    engine
        .homes()
        .writeFiles(
            SANDBOX,
            Fence.NONE,
            List.of(new SandboxFile(OpenClawHome.CONFIG, ByteString.copyFromUtf8("{}"), 0600)));
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
    http.close();
  }

  @Test
  void aGatewayThatDoesNotFinishItsWorkIsNotFrozen() throws Exception {
    start();
    // Without a token, Chowder cannot ask the gateway.
    var _ = gateways.sleep(Duration.ofMillis(200)).stop(ID, stop());
    assertThat(gateways.failures("freeze", "busy")).isOne();
  }

  @Test
  void aPageOutWithoutASleepingProcessIsCounted() {
    var deepen = new InstanceEffect.Deepen("org", 1, SleepLevel.PAGED_OUT);
    var _ = gateways.sleep().deepen(ID, deepen);
    assertThat(gateways.failures("page_out", "gone")).isOne();
    start();
    var _ = gateways.sleep().deepen(ID, deepen);
    assertThat(gateways.failures("page_out", "running")).isOne();
  }

  @Test
  void aSleeperWithoutAProcessIsNotWoken() throws Exception {
    var run =
        StageRuns.of(
            Stage.START_GATEWAY,
            2,
            new ModelChoice("custom", "m", "", ""),
            WantedConfig.NONE,
            Homes.FIRST,
            Sleep.OFF);
    assertThat(gateways.sleep().wake(ID, run, PROCESS)).isEmpty();
    assertThat(gateways.failures("wake", "not_thawed")).isOne();
  }

  @Test
  void checksOfDatabasesWithoutAResultAreCounted() {
    start();
    engine.script().failNext(Verb.OBSERVE, 6, Reason.ENGINE_UNREACHABLE, "no answer");
    var checks = gateways.checks(Duration.ofMillis(1));
    checks.begin(ID, 1, 1);
    Await.until(() -> !checks.isBusy());
    assertThat(gateways.failures("database_check", "unknown")).isOne();
    assertThat(gateways.failures("database_check", "unusable")).isZero();
  }

  private void start() {
    var _ = engine.start(SANDBOX, new Fence(1, 1), PROCESS);
  }

  private static InstanceEffect.StopGateway stop() {
    return new InstanceEffect.StopGateway("org", 1, true);
  }
}
