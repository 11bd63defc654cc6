package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.actor.Ids;
import dev.chowder.effect.GatewayWork.Step;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Stage;
import dev.chowder.openclaw.Channel;
import dev.chowder.openclaw.ChannelRecord.Wish;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.sandbox.SandboxDriver.SandboxSpec;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.fake.FakeSandboxDriver;
import dev.chowder.sandbox.fake.FakeSandboxSettings;
import dev.chowder.sandbox.fake.FakeScript.Verb;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stages do when a part of them fails that an agent can live without. */
class GatewayStagesTest {
  private static final String SNAPSHOT = "sandbox-medium";
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());
  private static final ModelChoice CHOICE = new ModelChoice("custom", "m", "", "");

  private final FakeSandboxDriver driver = new FakeSandboxDriver(FakeSandboxSettings.instant());
  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir Path directory;
  private Database database;
  private StoredChannels channels;
  private GatewayStages stages;

  private final OneConfig one = new OneConfig(ID);

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    var secrets = new SecretStore(MasterKey.open(settings, database), database);
    var gateways = new TestGateways(secrets, driver, http);
    channels = gateways.channels();
    stages =
        gateways.stages(
            new NoOverrides(), channels, id -> "http://" + id + ".localhost:8080", SNAPSHOT);
    driver.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT));
    driver.writeFiles(
        SANDBOX,
        List.of(new SandboxFile(OpenClawHome.CONFIG, ByteString.copyFromUtf8("{}"), 0600)));
  }

  @AfterEach
  void close() {
    driver.close();
    database.close();
    http.close();
  }

  @Test
  void anAgentStartsWithoutTheChannelWhosePluginCannotBeInstalled() throws Exception {
    one.ask(channels, Channel.LINE, new Wish("1", true, Map.of("channel_secret", "hush")));
    one.ask(channels, Channel.TELEGRAM, new Wish("2", true, Map.of("token", "123:hush")));
    driver.script().failNext(Verb.RUN, 1, Reason.TIMED_OUT, "task: still running");
    assertThat(configured())
        .isEqualTo("line: its plugin could not be installed; tried again at the next start");
    assertThat(config()).contains("telegram").doesNotContain("line");
    assertThat(channels.pending(ID, one.channels())).isNotEmpty();

    assertThat(configured()).isEmpty();
    assertThat(config()).contains("telegram", "line");
    assertThat(channels.pending(ID, one.channels())).isEmpty();
  }

  private String configured() throws InterruptedException {
    return stages.run(ID, new Step(Stage.OPENCLAW_CONFIG, 1, "org", CHOICE, one.wanted())).note();
  }

  private String config() {
    return driver.readFile(SANDBOX, OpenClawHome.CONFIG, 1 << 20).orElseThrow().toStringUtf8();
  }
}
