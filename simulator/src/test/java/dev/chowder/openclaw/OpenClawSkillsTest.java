package dev.chowder.openclaw;

import static dev.chowder.openclaw.StubGateway.JSON;
import static dev.chowder.openclaw.StubGateway.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.typesafe.config.ConfigFactory;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.OpenClawSkills.Skill;
import dev.chowder.openclaw.OpenClawSkills.Source;
import dev.chowder.sandbox.FilePath;
import dev.chowder.secret.Secret;
import dev.chowder.simulator.FakeHttp;
import dev.chowder.simulator.FakeSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests requests to gateways about skills, and how valid and invalid responses are handled. */
class OpenClawSkillsTest {
  private static final Secret TOKEN = Secret.of("t");
  private static final String STATUS =
      """
      {"workspaceDir": "/home/node/.openclaw/workspace", "skills": [
        {"name": "web", "skillKey": "web.key", "description": "d", "source": "openclaw-workspace", "eligible": false,
         "disabled": false, "baseDir": "/home/node/.openclaw/workspace/skills/web", "primaryEnv": "KEY",
         "requirements": {"env": ["KEY", "OTHER"]}, "clawhub": {"valid": true, "installedVersion": "1.2.0"},
         "missing": {"env": ["OTHER"], "bins": ["gh"], "anyBins": ["a", "b"], "config": ["browser.enabled"], "os": []}},
        {"name": "alpha", "skillKey": "alpha", "description": "", "source": "openclaw-bundled", "eligible": true,
         "disabled": false, "blockedByAgentFilter": true, "baseDir": "/opt/openclaw/skills/alpha"}]}
      """;

  private static final String EMPTY = "{\"skills\": []}";

  private final List<JsonNode> requests = new CopyOnWriteArrayList<>();
  private final List<JsonNode> patches = new CopyOnWriteArrayList<>();
  private final Deque<String> lists = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;
  private volatile String failure = "";
  private volatile String code = "UNAVAILABLE";
  private StubGateway stub;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    stub = new StubGateway(directory, this::handle);
  }

  @AfterEach
  void stop() throws IOException {
    stub.close();
  }

  @Test
  void aListIsSortedByNameAndShowsRequirementsAndWhatIsMissing() throws Exception {
    assertThat(skills().list(gateway()))
        .containsExactly(
            new Skill(
                "alpha",
                "alpha",
                "",
                "bundled",
                Optional.empty(),
                false,
                true,
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty()),
            new Skill(
                "web",
                "web.key",
                "d",
                "clawhub",
                Optional.of(FilePath.parse("skills/web")),
                false,
                true,
                List.of("KEY", "OTHER"),
                List.of("OTHER"),
                List.of("env:OTHER", "bin:gh", "bin:a|b", "config:browser.enabled"),
                Optional.of("KEY"),
                Optional.of("1.2.0")));
    assertThat(skills().find(gateway(), "web.key")).as("a key is not a name").isEmpty();
  }

  @Test
  void anArchiveIsUploadedInChunksAndInstalledUnderItsName() throws Exception {
    // The gateway lists the installed skill a moment later.
    lists.addAll(List.of(EMPTY, EMPTY));
    var zip = ByteString.copyFrom(new byte[(1 << 20) + 5]);
    var installed = skills().install(gateway(), new Source.Archive("web", zip), true);
    assertThat(installed.skill().name()).isEqualTo("web");
    assertThat(installed.message()).isEqualTo("Installed it");
    assertThat(methods())
        .containsExactly(
            "skills.status",
            "skills.upload.begin",
            "skills.upload.chunk",
            "skills.upload.chunk",
            "skills.upload.commit",
            "skills.install",
            "skills.status",
            "skills.status");
    var begun = requests.get(1).path("params");
    assertThat(begun.path("sizeBytes").asInt()).isEqualTo(zip.size());
    assertThat(begun.path("force").asBoolean()).isTrue();
    var uploaded = new ByteArrayOutputStream();
    for (var piece : requests.subList(2, 4)) {
      assertThat(piece.at("/params/offset").asInt()).isEqualTo(uploaded.size());
      uploaded.writeBytes(Base64.getDecoder().decode(piece.at("/params/dataBase64").asText()));
    }
    assertThat(uploaded.toByteArray()).isEqualTo(zip.toByteArray());
    assertThat(requests.get(5).path("params"))
        .isEqualTo(json("{'source':'upload','slug':'web','uploadId':'the-upload','force':true}"));
    assertThat(patches).as("archives are already allowed").isEmpty();
  }

  @Test
  void archivesAreAllowedBeforeAnUploadIfNecessary() throws Exception {
    closed = true;
    var zip = ByteString.copyFromUtf8("zip");
    var _ = skills().install(gateway(), new Source.Archive("web", zip), false);
    assertThat(patches)
        .containsExactly(json("{'skills':{'install':{'allowUploadedArchives':true}}}"));
    assertThat(methods()).containsSubsequence("skills.upload.begin", "skills.upload.begin");
  }

  @Test
  void aSkillThatIsNotListedAfterwardsIsUnreadable() {
    assertThat(why(new Source.ClawHub("@someone/other", Optional.of("1.0.0"))))
        .isEqualTo(SkillRefused.Reason.UNREADABLE);
    assertThat(requests.get(1).path("params"))
        .isEqualTo(
            json("{'source':'clawhub','slug':'@someone/other','version':'1.0.0','force':false}"));
  }

  @Test
  void aSkillIsGoneWhenTheGatewayNoLongerListsIt() throws Exception {
    lists.addAll(List.of(STATUS, STATUS, EMPTY));
    skills(Duration.ofSeconds(9)).awaitRemoved(gateway(), FilePath.parse("skills/web"));
    assertThat(requests).hasSize(3);
    skills().awaitRemoved(gateway(), FilePath.parse("skills/web"));
    assertThat(requests.size()).as("the wait is limited").isGreaterThan(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        "Skill already exists at /home/node/x. Re-run with force/update. ! EXISTS",
        "Skill \"web\" not found on ClawHub. Run `openclaw skills search`  ! NOT_FOUND",
        "Skill \"web\" is ambiguous on ClawHub. Install an owner-qualified ! AMBIGUOUS",
        "ClawHub blocked this release; install was not started.            ! HARMFUL",
        "ClawHub could not install skill. Check the skill reference        ! NOT_FOUND",
        "fetch failed | getaddrinfo EAI_AGAIN clawhub.ai                   ! NO_REGISTRY",
        "ClawHub is temporarily unavailable while installing               ! NO_REGISTRY"
      })
  void eachMessageOfClawHubHasItsReason(String said, SkillRefused.Reason reason) {
    failure = said;
    assertThat(why(new Source.ClawHub("web", Optional.empty()))).isEqualTo(reason);
  }

  @Test
  void anInvalidArchiveIsDistinguishedFromAFailedGateway() {
    var archive = new Source.Archive("web", ByteString.copyFromUtf8("zip"));
    failure = "archive is missing SKILL.md";
    code = "INVALID_REQUEST";
    assertThat(why(archive)).isEqualTo(SkillRefused.Reason.NO_SKILL);
    failure = "ENOSPC: no space left on device";
    code = "UNAVAILABLE";
    assertThatThrownBy(() -> skills().install(gateway(), archive, false))
        .isInstanceOfSatisfying(
            UnansweredException.class,
            unanswered -> assertThat(unanswered.why()).isEqualTo(new AdminAnswer.Busy(failure)));
  }

  @Test
  void aChangeIsOnePatchOfTheSkillsEntryWithLiteralValues() throws Exception {
    var skill = skills().find(gateway(), "web").orElseThrow();
    var config = (ObjectNode) json("{'endpoint':null,'depth':2}");
    skills()
        .configure(
            gateway(),
            skill,
            new SkillChange(
                Optional.of(false),
                Optional.of(Secret.of("")),
                Map.of("KEY", Secret.of("a ${HOME} b ${home}"), "OTHER", Secret.of("")),
                Optional.of(config)));
    assertThat(patches)
        .containsExactly(
            json(
                """
                {'skills':{'entries':{'web.key':{'enabled':false,'apiKey':null,
                  'env':{'KEY':'a $${HOME} b ${home}','OTHER':null},
                  'config':{'endpoint':null,'depth':2}}}}}
                """));
    skills().forget(gateway(), skill);
    assertThat(patches.getLast()).isEqualTo(json("{'skills':{'entries':{'web.key':null}}}"));
  }

  @Test
  void aChangeDoesNotShowValues() {
    var change = SkillChange.ofEnv(Map.of("KEY", Secret.of("open-sesame")));
    assertThat(change.toString()).doesNotContain("open-sesame");
    assertThat(change.isEmpty()).isFalse();
    assertThat(SkillChange.ofEnv(Map.of()).isEmpty()).isTrue();
  }

  @Test
  void aSkillIsRemovedFromClawHubsLockFile() {
    var lock = "{\"version\": 1, \"skills\": {\"web\": {\"version\": \"1\"}, \"b\": {}}}";
    assertThat(
            ClawHubLock.without(ByteString.copyFromUtf8(lock), "web")
                .map(ByteString::toStringUtf8)
                .map(StubGateway::json))
        .contains(json("{'version':1,'skills':{'b':{}}}"));
    for (var other : List.of(lock.replace("web", "x"), "[]", "no JSON", "")) {
      assertThat(ClawHubLock.without(ByteString.copyFromUtf8(other), "web")).as(other).isEmpty();
    }
  }

  private SkillRefused.Reason why(Source source) {
    try {
      var installed = skills().install(gateway(), source, false);
      throw new AssertionError("installed: " + installed);
    } catch (SkillRefused refused) {
      return refused.reason();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  private List<String> methods() {
    return requests.stream().map(one -> one.path("method").asText()).toList();
  }

  private OpenClawSkills skills() {
    return skills(Duration.ofMillis(300));
  }

  /** Returns a client that waits at most this long until the gateway lists a change. */
  private OpenClawSkills skills(Duration visibilityTimeout) {
    var settings = OpenClawSettings.of(ConfigFactory.load());
    var clients = stub.clients(settings, Duration.ofSeconds(5));
    return new OpenClawSkills(
        clients.conversations(), clients.admin(), Duration.ofSeconds(10), visibilityTimeout);
  }

  private Gateway gateway() {
    return stub.with(TOKEN);
  }

  private void handle(FakeHttp.Exchange exchange) throws IOException {
    if (exchange.requestsSocket()) {
      exchange.accept(new Conversation());
      return;
    }
    var call = JSON.readTree(exchange.body());
    if (call.path("method").asText().equals("config.patch")) {
      patches.add(JSON.readTree(call.at("/params/raw").asText()));
      closed = false;
    }
    exchange.send(
        200,
        "application/json",
        "{\"ok\":true,\"payload\":{\"hash\":\"h\"}}".getBytes(StandardCharsets.UTF_8));
  }

  private final class Conversation implements FakeSocket.Listener {
    @Override
    public void opened(FakeSocket socket) throws IOException {
      socket.send("{\"type\":\"event\",\"event\":\"connect.challenge\",\"payload\":{}}");
    }

    @Override
    public void received(FakeSocket socket, String text) throws IOException {
      var request = JSON.readTree(text);
      var answer = JSON.createObjectNode().put("type", "res").put("ok", true);
      answer.put("id", request.path("id").asText());
      if (!request.path("method").asText().equals("connect")) {
        requests.add(request);
        answer(request.path("method").asText(), answer);
      }
      socket.send(answer.toString());
    }
  }

  private void answer(String method, ObjectNode answer) {
    switch (method) {
      case "skills.status" -> {
        var next = lists.poll();
        answer.set("payload", json(next == null ? STATUS : next));
      }
      case "skills.upload.begin" -> {
        answer.putObject("payload").put("uploadId", "the-upload");
        if (closed) {
          reject(answer, "UNAVAILABLE", "disabled by skills.install.allowUploadedArchives");
        }
      }
      case "skills.install" -> {
        answer.putObject("payload").put("message", "Installed it");
        if (!failure.isEmpty()) reject(answer, code, failure);
      }
      default -> answer.putObject("payload");
    }
  }

  private static void reject(ObjectNode answer, String code, String message) {
    answer.put("ok", false);
    answer.putObject("error").put("code", code).put("message", message);
  }
}
