package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.NoOverrides;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.Stage;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests boots of gateways that do not become ready, and which stages count as boots. */
class GatewayBootTest {
  private static final String SNAPSHOT = "sandbox-medium";
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());

  /** Longer than the test. */
  private static final Duration NEVER = Duration.ofHours(1);

  private final SimulatedEngine engine =
      new SimulatedEngine(
          new FakeSandboxSettings(
              Optional.empty(), Duration.ZERO, NEVER, Duration.ZERO, 1L << 50, 1L << 30));
  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir Path directory;
  private Database database;
  private SecretStore secrets;
  private TestGateways gateways;

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    gateways = new TestGateways(secrets, engine, http);
    engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1, OPENCLAW));
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
    http.close();
  }

  @Test
  void aBootThatUsesNoProcessorEndsEarly() {
    engine.host().idle(true);
    assertThatThrownBy(() -> boot(new GatewayReadiness.Limits(NEVER, Duration.ofSeconds(1))))
        .isInstanceOfSatisfying(
            WorkFailure.class,
            why -> {
              assertThat(why.reason()).isEqualTo("GATEWAY_NOT_READY");
              assertThat(why.text()).contains("used no processor for 1 s", "its last lines: ");
            });
  }

  @Test
  void aBootThatWorksMayTakeUntilItsLimit() {
    assertThatThrownBy(
            () -> boot(new GatewayReadiness.Limits(Duration.ofSeconds(3), Duration.ofSeconds(1))))
        .isInstanceOfSatisfying(
            WorkFailure.class, why -> assertThat(why.text()).contains("within 3 s"));
  }

  @Test
  void onboardingIsNoBootIfTheImageIsOnboarded() {
    var stages =
        gateways.stages(new NoOverrides(), gateways.channels(), id -> "http://" + id, SNAPSHOT);
    assertThat(stages.startsOpenClaw(Stage.ONBOARD)).isTrue();
    gateways.haveSkeleton(ByteString.copyFromUtf8("{}"));
    assertThat(stages.startsOpenClaw(Stage.ONBOARD)).isFalse();
    assertThat(stages.startsOpenClaw(Stage.START_GATEWAY)).isTrue();
    assertThat(stages.startsOpenClaw(Stage.PUBLISH)).isFalse();
  }

  private void boot(GatewayReadiness.Limits limits) throws InterruptedException {
    var output = new GatewayOutput(engine, new KnownSecrets(secrets, gateways.tokens()));
    var image = new SandboxImage(SNAPSHOT, OPENCLAW, Optional::empty);
    var choice = new ModelChoice("custom", "m", "http://localhost:9/v1", "");
    var stageRun =
        StageRuns.of(Stage.START_GATEWAY, 1, choice, WantedConfig.NONE, Homes.FIRST, Sleep.OFF);
    new GatewayBoot(engine, image, new GatewayReadiness(), _ -> true, output, limits)
        .boot(ID, SANDBOX, stageRun);
  }
}
