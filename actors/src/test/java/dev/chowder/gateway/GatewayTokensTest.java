package dev.chowder.gateway;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.effect.TestGateways;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceEffect.RotateToken;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that a rotation may end early anywhere: one token is valid and known, and a retry finishes.
 */
class GatewayTokensTest {
  private static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-000000000001");
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());

  private final HttpClient http = HttpClient.newHttpClient();
  private SimulatedEngine engine;
  private Database database;
  private SecretStore secrets;
  private GatewayTokens tokens;
  private SandboxEndpoint gateway;
  private Secret previous;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
    engine = new SimulatedEngine(FakeSandboxSettings.instant());
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    tokens = new TestGateways(secrets, engine, http).tokens();
    engine.create(new SandboxSpec(SANDBOX, "org", "image", 0, RESOURCES));
    previous = tokens.newOrActive(ID);
    var config = OpenClawConfig.parse(ByteString.copyFromUtf8("{}"));
    OpenClawConfig.requireToken(config);
    engine
        .homes()
        .writeFiles(
            SANDBOX,
            Fence.NONE,
            List.<SandboxFile>of(
                OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, previous),
                OpenClawConfig.file(config)));
    startGateway(1);
  }

  private void startGateway(int attempt) throws InterruptedException {
    gateway =
        engine.start(
            SANDBOX,
            Fence.ofAttempt(attempt),
            new ProcessSpec(
                "image",
                "org",
                OpenClawHome.GATEWAY_COMMAND,
                OpenClawHome.GATEWAY_ENVIRONMENT,
                OpenClawHome.GATEWAY_PORT,
                RESOURCES));
  }

  @AfterEach
  void stop() {
    engine.close();
    database.close();
    http.shutdownNow();
  }

  @Test
  void repeatingARotationKeepsTheTokenAndTheNextRotationChangesIt() throws Exception {
    var seen = new ArrayList<Secret>(List.of(previous));
    for (int rotation = 1; rotation <= 3; rotation++) {
      tokens.rotate(ID, pendingEffect(rotation));
      var token = tokens.active(ID).orElseThrow();
      tokens.rotate(ID, pendingEffect(rotation));
      assertThat(tokens.active(ID)).contains(token);
      assertThat(tokens.valid(ID, gateway)).contains(token);
      assertThat(seen).doesNotContain(token);
      seen.add(token);
    }
  }

  /** The token of the backup may have been rotated away since. */
  @Test
  void theBootAfterARestoreMakesANewToken() {
    database
        .jdbi()
        .useHandle(handle -> handle.execute("INSERT INTO outdated_tokens VALUES (?)", ID.value()));
    var fence = Fence.ofAttempt(2);

    tokens.finishRotation(ID, SANDBOX, fence);

    var renewed = tokens.active(ID).orElseThrow();
    assertThat(renewed).isNotEqualTo(previous);
    assertThat(file()).isEqualTo(renewed.reveal());
    tokens.finishRotation(ID, SANDBOX, fence);
    assertThat(tokens.active(ID)).contains(renewed);
  }

  private String file() {
    return engine
        .homes()
        .readFile(SANDBOX, OpenClawHome.GATEWAY_TOKEN, 100)
        .orElseThrow()
        .toStringUtf8();
  }

  @Test
  void thePreviousTokenIsValidUntilTheGatewayHasTheNext() throws Exception {
    engine.script().failNext(Verb.WRITE_FILES, 1, Reason.ENGINE_UNREACHABLE, "engine: no response");
    assertThatThrownBy(() -> tokens.rotate(ID, pendingEffect(1)))
        .isInstanceOf(SandboxException.class);
    var next = tokens.next(ID).orElseThrow();
    assertThat(tokens.active(ID)).contains(previous);
    assertThat(tokens.valid(ID, gateway)).contains(previous);

    tokens.rotate(ID, pendingEffect(1));

    assertThat(tokens.active(ID)).contains(next);
    assertThat(tokens.valid(ID, gateway)).contains(next);
  }

  @Test
  void theNextTokenIsValidOnceTheGatewayHasItEvenIfItIsNotStoredAsActive() throws Exception {
    tokens.rotate(ID, pendingEffect(1));
    var next = tokens.active(ID).orElseThrow();
    // As if the server had crashed after the gateway accepted the token.
    secrets.put(ID.value(), SecretNames.GATEWAY_TOKEN, previous);
    assertThat(tokens.valid(ID, gateway)).contains(next);

    tokens.rotate(ID, pendingEffect(1));

    assertThat(tokens.active(ID)).contains(next);
    assertThat(tokens.valid(ID, gateway)).contains(next);
  }

  @Test
  void aGatewayThatStartsDuringARotationAcceptsTheActiveToken() throws Exception {
    tokens.rotate(ID, pendingEffect(1));
    secrets.put(ID.value(), SecretNames.GATEWAY_TOKEN, previous);
    tokens.finishRotation(ID, SANDBOX, Fence.NONE);
    startGateway(2);
    assertThat(tokens.valid(ID, gateway)).contains(previous);

    tokens.rotate(ID, new RotateToken("org", 2, gateway.toString(), 1));

    assertThat(tokens.valid(ID, gateway)).isEqualTo(tokens.next(ID)).isNotEqualTo(previous);
  }

  @Test
  void aStoppedGatewayGetsItsTokenWhenItStarts() throws Exception {
    tokens.rotate(ID, new RotateToken("organization", 1, "", 1));
    var next = tokens.active(ID).orElseThrow();
    assertThat(next).isNotEqualTo(previous);
    tokens.finishRotation(ID, SANDBOX, Fence.NONE);
    startGateway(2);
    assertThat(tokens.valid(ID, gateway)).contains(next);
  }

  @Test
  void aNodeThatWasPausedBeforeItStoredItsTokenDoesNotActivateIt() throws Exception {
    tokens.rotate(ID, pendingEffect(1));
    // As if the node stopped after the gateway accepted the token.
    secrets.put(ID.value(), SecretNames.GATEWAY_TOKEN, previous);
    var paused =
        PausedNode.beforeItsFirstWrite(database, () -> tokens.rotate(ID, pendingEffect(1)));

    var handedOut = rotateTwiceOnAnotherNode();
    paused.release();

    assertThat(paused.failure()).isInstanceOf(WorkFailure.class);
    assertOnly(handedOut);
  }

  @Test
  void aNodeThatWasPausedBeforeItCreatedItsTokenDoesNotReplaceALaterOne() throws Exception {
    var paused =
        PausedNode.beforeItsFirstWrite(database, () -> tokens.rotate(ID, pendingEffect(1)));

    var handedOut = rotateTwiceOnAnotherNode();
    paused.release();

    assertThat(paused.failure()).isInstanceOf(WorkFailure.class);
    assertOnly(handedOut);
  }

  @Test
  void aNodeThatWasPausedDuringTheHandOverNeitherReplacesTheTokenNorKeepsItsOwnInTheFile()
      throws Exception {
    var hold = engine.script().holdNext(Verb.WRITE_FILES);
    var paused = PausedNode.running(() -> tokens.rotate(ID, pendingEffect(1)));
    assertThat(hold.awaitCall(PausedNode.LIMIT)).isTrue();

    var handedOut = rotateTwiceOnAnotherNode();
    hold.release();

    assertThat(paused.failure()).isInstanceOf(WorkFailure.class);
    assertThatThrownBy(() -> tokens.rotate(ID, pendingEffect(1))).isInstanceOf(WorkFailure.class);
    assertOnly(handedOut);
    // A gateway that restarts reads its file.
    startGateway(2);
    assertOnly(handedOut);
  }

  @Test
  void aNodeThatWasPausedBeforeItCreatedTheFirstTokenUsesTheOneOfAnotherNode() throws Exception {
    secrets.deleteAll(ID.value());
    var made = new AtomicReference<Secret>();
    var paused = PausedNode.beforeItsFirstWrite(database, () -> made.set(tokens.newOrActive(ID)));

    var handedOut = anotherNode().newOrActive(ID);
    paused.release();

    assertThat(paused.failure()).isNull();
    assertThat(made.get()).isEqualTo(handedOut);
    assertThat(tokens.active(ID)).contains(handedOut);
  }

  @Test
  void theFirstTokenNeedsOneWriteAndNoRead() {
    secrets.deleteAll(ID.value());
    var statements = new CountedStatements(database);
    var created = tokens.newOrActive(ID);
    // H2 has no insert that ignores an existing row.
    assertThat(statements.count()).isLessThanOrEqualTo(2);
    assertThat(tokens.newOrActive(ID)).isEqualTo(created);
  }

  private GatewayTokens anotherNode() {
    return new TestGateways(secrets, engine, http).tokens();
  }

  private Secret rotateTwiceOnAnotherNode() throws InterruptedException {
    var another = anotherNode();
    another.rotate(ID, pendingEffect(1));
    another.rotate(ID, pendingEffect(2));
    return another.active(ID).orElseThrow();
  }

  private void assertOnly(Secret token) throws InterruptedException {
    assertThat(tokens.active(ID)).contains(token);
    assertThat(tokens.next(ID)).contains(token);
    assertThat(tokens.valid(ID, gateway)).contains(token);
  }

  private RotateToken pendingEffect(int rotation) {
    return new RotateToken("organization", 1, gateway.toString(), rotation);
  }
}
