package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.actor.Ids;
import dev.chowder.demomodel.DemoModelServer;
import dev.chowder.demomodel.DemoModelSettings;
import dev.chowder.effect.GatewayWork.Step;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Stage;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.openclaw.ModelHosts;
import dev.chowder.openclaw.ModelListProbe;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.docker.DockerSandboxDriver;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.storage.TestStorage;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All seven stages with a real OpenClaw in a real container, and a real answer from it. */
class GatewayStagesIT {
  private static final String SNAPSHOT =
      System.getenv().getOrDefault("CHOWDER_SANDBOX_IMAGE", "chowder/sandbox-medium:latest");
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static DockerSandboxDriver driver;
  private static DemoModelServer model;

  @BeforeAll
  static void open() throws Exception {
    driver =
        new DockerSandboxDriver(
            DockerSandboxSettings.from(
                ConfigFactory.parseString("chowder.sandbox.docker.cluster-id = it-stages")
                    .withFallback(ConfigFactory.load())));
    driver.list().forEach(left -> driver.remove(left.id()));
    model =
        DemoModelServer.start(
            DemoModelSettings.defaults().withBind(new InetSocketAddress("0.0.0.0", 0)));
  }

  @AfterAll
  static void close() {
    driver.remove(SANDBOX);
    driver.close();
    model.close();
  }

  @Test
  void sevenStagesLeadToAnAgentThatAnswersAndRemovalLeavesNothing(@TempDir Path directory)
      throws Exception {
    try (var database = TestStorage.open(directory)) {
      var settings = SecretSettings.from(TestStorage.config(directory));
      walk(new SecretStore(MasterKey.open(settings, database), database));
    }
  }

  private static void walk(SecretStore secrets) throws Exception {
    secrets.put("org", SecretNames.providerKey("custom"), Secret.of("demo-key-for-this-test"));
    var settings = EffectSettings.of(ConfigFactory.load());
    var gateways = new TestGateways(secrets, driver, HTTP);
    var stages =
        new GatewayStages(
            driver,
            secrets,
            gateways.tokens(),
            new ModelSetups(
                driver,
                driver::openHostPort,
                secrets,
                new ModelListProbe(ModelHosts.PUBLIC, Duration.ofSeconds(5), Duration.ZERO)),
            new NoOverrides(),
            gateways.channels(),
            new GatewayReadiness(HTTP),
            (_, _) -> {},
            id -> "http://" + id + ".localhost:8080",
            SNAPSHOT,
            settings);
    var choice =
        new ModelChoice(
            "custom", "demo", "http://localhost:" + model.port() + "/v1", "openai-completions");
    var endpoint = "";
    for (var stage : Stage.OF_PROVISIONING) {
      long begun = System.nanoTime();
      var outcome = stages.run(ID, new Step(stage, 1, "org", choice, 0));
      System.out.printf(
          "%-20s %s %d ms%n",
          stage.label(), outcome.outcome(), Duration.ofNanos(System.nanoTime() - begun).toMillis());
      if (outcome.endpoint().isPresent()) endpoint = outcome.endpoint().get();
    }

    var token = secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN).orElseThrow();
    assertThat(ask(endpoint, token.reveal()).statusCode()).isEqualTo(200);
    assertThat(ask(endpoint, token.reveal()).body()).contains("nonce-4711");
    assertThat(ask(endpoint, "wrong").statusCode()).isEqualTo(401);

    stages.stop(ID);
    stages.remove(ID, dev.chowder.instance.InstanceEffect.Scope.EVERYTHING);
    assertThat(driver.observe(SANDBOX).homeExists()).isFalse();
    assertThat(secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN)).isEmpty();
  }

  private static HttpResponse<String> ask(String endpoint, String token) throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create("http://" + endpoint + "/v1/responses"))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .timeout(Duration.ofSeconds(60))
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"model\":\"openclaw/main\",\"input\":\"Reply with exactly: nonce-4711\"}"))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
