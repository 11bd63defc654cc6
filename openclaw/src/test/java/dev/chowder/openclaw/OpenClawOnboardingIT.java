package dev.chowder.openclaw;

import static dev.chowder.sandbox.TestResources.OPENCLAW;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Ids;
import dev.chowder.openclaw.GatewayReadiness.Booting;
import dev.chowder.openclaw.GatewayReadiness.Limits;
import dev.chowder.openclaw.GatewayReadiness.Verdict;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TaskSpec;
import dev.chowder.sandbox.docker.DockerSandboxEngine;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.secret.Secret;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares what the image's skeleton leads to with what OpenClaw itself does in a new home. */
class OpenClawOnboardingIT {
  private static final String SNAPSHOT =
      System.getenv().getOrDefault("CHOWDER_SANDBOX_IMAGE", "chowder/sandbox-medium:latest");
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Fence FENCE = new Fence(1, 1);
  private static final Secret KEY = Secret.of("the-key-of-this-test");

  private static final ModelSetup CUSTOM =
      new ModelSetup("custom", "demo", "http://localhost:9/v1", "", Optional.of(KEY));

  /** Differ in each home, whichever way it was onboarded. */
  private static final Set<String> OF_EACH_HOME =
      Set.of("/gateway/auth/token", "/wizard/lastRunAt");

  private final List<SandboxId> sandboxes = new ArrayList<>();
  private DockerSandboxEngine engine;

  @BeforeEach
  void open() {
    engine =
        new DockerSandboxEngine(
            DockerSandboxSettings.from(
                ConfigFactory.parseString("chowder.sandbox.cluster-id = it-onboarding")
                    .withFallback(ConfigFactory.load())));
    engine.list().forEach(left -> engine.remove(left.id(), Fence.NONE));
  }

  @AfterEach
  void close() {
    sandboxes.forEach(sandbox -> engine.remove(sandbox, Fence.NONE));
    engine.close();
  }

  @ParameterizedTest
  @CsvSource({
    "anthropic, '', ''",
    "anthropic, m-1, http://172.30.0.1:9000",
    "openai, gpt-5.5, ''",
    "gemini, '', ''",
    "custom, demo, http://172.30.0.1:9092/v1",
  })
  void theSkeletonLeadsToTheConfigurationThatOnboardingWrites(
      String provider, String model, String baseUrl) {
    var setup = new ModelSetup(provider, model, baseUrl, "", Optional.of(KEY));
    var sandbox = create();
    var skeleton = read(sandbox, OpenClawHome.SKELETON);
    assertThat(skeleton.at("/gateway/auth").toString())
        .as("no token is in the image")
        .isEqualTo("{\"mode\":\"token\"}");
    var onboarding =
        new TaskSpec(
            SNAPSHOT,
            "org",
            OpenClawOnboarding.command(),
            OpenClawOnboarding.files(setup),
            OPENCLAW);
    var result = engine.tasks().run(sandbox, FENCE, onboarding, LIMIT);
    assertThat(result.exitCode()).as(result.output()).isZero();

    var real = files(read(sandbox, OpenClawHome.CONFIG), setup);
    var ours = files(OpenClawOnboarding.configFrom(skeleton, setup), setup);
    assertThat(settings(ours)).isEqualTo(settings(real));
  }

  @Test
  void preparedHomesHaveNoFilesInCommonThatIdentifyAnAgent() {
    var task =
        new TaskSpec(
            SNAPSHOT, "org", List.of("find", "/home/node", "-type", "f"), List.of(), OPENCLAW);
    assertThat(engine.tasks().run(create(), FENCE, task, LIMIT).output().lines())
        .containsExactlyInAnyOrder(
            "/home/node/.bash_logout",
            "/home/node/.bashrc",
            "/home/node/.profile",
            OpenClawHome.absolute(OpenClawHome.SKELETON),
            OpenClawHome.absolute(OpenClawHome.CAN_WARM_UP));
  }

  @Test
  void twoAgentsWithPreparedHomesHaveDifferentIdentities() throws Exception {
    var devices = new HashSet<String>();
    for (int agent = 1; agent <= 2; agent++) {
      var sandbox = prepared(CUSTOM);
      startGateway(sandbox);
      devices.addAll(devices(sandbox));
      assertThat(devices).hasSize(agent);
      engine.removeProcesses(sandbox, 1);
    }
  }

  /** Otherwise the first boot would search the home for data of OpenClaw's previous versions. */
  @Test
  void openClawRecognizesAPreparedHomeAsNew() throws Exception {
    var script =
        """
        const dist = "/opt/openclaw/node_modules/openclaw/dist/";
        const name = require("node:fs").readdirSync(dist).find((file) => file.startsWith("pristine-startup-state-"));
        import(dist + name).then((check) => console.log(JSON.stringify(check.planPristineStartupStateMigrations())));
        """;
    var command = List.of("node", "-e", script);
    var result =
        engine
            .tasks()
            .run(
                prepared(CUSTOM),
                FENCE,
                new TaskSpec(SNAPSHOT, "org", command, List.of(), OPENCLAW),
                LIMIT);
    assertThat(result.exitCode()).as(result.output()).isZero();
    assertThat(result.output()).contains("\"skipAllStateMigrations\":true");
  }

  /**
   * The image replies to the requests of a gateway that warms up. OpenClaw keeps the id of a reply
   * only if it read the whole reply. Without the change of the image, the gateway has copied its
   * Control UI into the home before the reply.
   */
  @ParameterizedTest
  @CsvSource({
    "anthropic, '', ''",
    "openai, '', ''",
    "gemini, '', ''",
    "custom, demo, http://localhost:9/v1"
  })
  void aWarmUpReadsTheReplyOfTheImage(String provider, String model, String baseUrl)
      throws Exception {
    var sandbox = prepared(new ModelSetup(provider, model, baseUrl, "", Optional.of(KEY)));
    startGateway(sandbox);
    var warmsUp = new SandboxFile(OpenClawHome.WARMS_UP, ByteString.copyFromUtf8("1"), 0600);
    engine.homes().writeFiles(sandbox, FENCE, List.of(warmsUp));
    var script =
        """
        const { DatabaseSync } = require("node:sqlite");
        const token = require("node:fs").readFileSync(process.argv[1], "utf8").trim();
        fetch("http://127.0.0.1:18789/v1/responses", {
          method: "POST",
          headers: { authorization: "Bearer " + token, "content-type": "application/json" },
          body: JSON.stringify({ model: "openclaw", input: "Hello" }),
        }).then(async (response) => {
          console.log(response.status, await response.text());
          const file = process.env.HOME + "/.openclaw/agents/main/agent/openclaw-agent.sqlite";
          const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
          for (const row of database.prepare("SELECT event_json FROM transcript_events").all()) {
            console.log(row.event_json);
          }
        });
        """;
    var command = List.of("node", "-e", script, OpenClawHome.absolute(OpenClawHome.GATEWAY_TOKEN));
    var result = engine.tasks().exec(sandbox, command, LIMIT);
    assertThat(result.exitCode()).as(result.output()).isZero();
    assertThat(result.output())
        .startsWith("200 ")
        .contains("\"text\":\"Ready.\"", "\"responseId\":\"warm-up\"");
    var home = engine.homes().measure(sandbox, new HomeUsage(1L << 40, 1 << 20)).orElseThrow();
    assertThat(home.bytes()).isLessThan(10L << 20);
  }

  private void startGateway(SandboxId sandbox) throws InterruptedException {
    var gateway =
        engine.start(
            sandbox,
            FENCE,
            new ProcessSpec(
                SNAPSHOT,
                "org",
                OpenClawHome.GATEWAY_COMMAND,
                OpenClawHome.GATEWAY_ENVIRONMENT,
                OpenClawHome.GATEWAY_PORT,
                OPENCLAW));
    assertThat(
            new GatewayReadiness()
                .awaitReady(gateway, new Limits(LIMIT, LIMIT), Booting.of(engine, sandbox)))
        .isEqualTo(Verdict.READY);
  }

  /** Returns a sandbox whose home is as before the first boot of an agent. */
  private SandboxId prepared(ModelSetup setup) throws Exception {
    var sandbox = create();
    var config = OpenClawOnboarding.configFrom(read(sandbox, OpenClawHome.SKELETON), setup);
    engine.homes().writeFiles(sandbox, FENCE, files(config, setup));
    return sandbox;
  }

  private static List<SandboxFile> files(ObjectNode config, ModelSetup setup) {
    return OpenClawOnboarding.homeFiles(
        config, setup, Secret.of("the-token"), "http://i.localhost:8080");
  }

  private List<String> devices(SandboxId sandbox) {
    var script =
        """
        const { DatabaseSync } = require("node:sqlite");
        const file = process.env.HOME + "/.openclaw/state/openclaw.sqlite";
        for (const row of new DatabaseSync(file, { readOnly: true, timeout: 5000 })
            .prepare("SELECT device_id FROM device_identities").all()) console.log(row.device_id);
        """;
    var result =
        engine.tasks().exec(sandbox, List.of("node", "-e", script), Duration.ofSeconds(60));
    assertThat(result.exitCode()).as(result.output()).isZero();
    return result.output().lines().toList();
  }

  private SandboxId create() {
    var sandbox = SandboxId.ofInstance(Ids.next());
    sandboxes.add(sandbox);
    engine.create(new SandboxSpec(sandbox, "org", SNAPSHOT, 1, OPENCLAW));
    return sandbox;
  }

  private ObjectNode read(SandboxId sandbox, String path) {
    ByteString file = engine.homes().readFile(sandbox, path, 1 << 20).orElseThrow();
    return OpenClawConfig.parse(file);
  }

  /** Returns the value of each key of the configuration, by its path. */
  private static Map<String, JsonNode> settings(List<SandboxFile> files) {
    var settings = new TreeMap<String, JsonNode>();
    collect("", OpenClawConfig.parse(files.getLast().content()), settings);
    settings.keySet().removeAll(OF_EACH_HOME);
    return settings;
  }

  private static void collect(String path, JsonNode node, Map<String, JsonNode> into) {
    if (node.isObject() && !node.isEmpty()) {
      node.properties().forEach(one -> collect(path + "/" + one.getKey(), one.getValue(), into));
    } else {
      into.put(path, node);
    }
  }
}
