package dev.chowder.openclaw;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import dev.chowder.openclaw.GatewayDatabases.Finding;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.Secret;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Tests suspensions with a simulated gateway. */
class GatewaySuspensionTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ID = "0190a000-0000-7000-8000-000000000001";
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID);
  private static final Fence FENCE = new Fence(1, 1);
  private static final Secret TOKEN = Secret.of("the-token");
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(200);

  /** The method with which the check uses the databases. */
  private static final String USE = "sessions.groups.delete";

  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private static final ProcessSpec PROCESS =
      new ProcessSpec("chowder/fake", "org", List.of("serve"), Map.of(), 18789, RESOURCES);

  private final GatewayResponses responses =
      new GatewayResponses(OpenClawSettings.of(ConfigFactory.load()).responses());
  private final OpenClawAdmin admin = new OpenClawAdmin(http, LIMIT, responses);
  private final GatewayDevice device = GatewayDevice.of(GatewayDevice.create());
  private final GatewayDatabases databases =
      new GatewayDatabases(
          admin, new GatewayConversations(http, admin, LIMIT, responses), _ -> device);
  private final GatewaySuspension suspension = suspension(LIMIT);
  private SandboxEndpoint gateway;

  private GatewaySuspension suspension(Duration cancelLimit) {
    return new GatewaySuspension(admin, databases, (_, _) -> Optional.of(TOKEN), cancelLimit);
  }

  /** Resumes the gateway as a start after a long sleep does. */
  private boolean resume(GatewaySuspension resuming, Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    return resuming.admit(ID, gateway, deadline) && resuming.canTakeTurns(ID, gateway, deadline);
  }

  @BeforeEach
  void start() {
    engine.create(new SandboxSpec(SANDBOX, "org", "chowder/fake", 1, RESOURCES));
    gateway = engine.start(SANDBOX, FENCE, PROCESS);
  }

  @AfterEach
  void stop() {
    engine.close();
    http.shutdownNow();
    threads.shutdownNow();
  }

  @Test
  void aSuspendedGatewayRejectsTurnsUntilItIsResumed() throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    assertThat(turn()).isEqualTo(503);
    assertThat(status("/readyz")).isEqualTo(503);
    assertThat(admin.health(gateway, TOKEN)).isInstanceOf(AdminAnswer.Busy.class);
    assertThat(resume(suspension, LIMIT)).isTrue();
    assertThat(turn()).isEqualTo(200);
    assertThat(status("/readyz")).isEqualTo(200);
  }

  @Test
  void aRunningTurnIsFinishedBeforeTheGatewayIsReady() throws Exception {
    var hold = engine.script().holdNextTurn();
    var running = threads.submit(this::turn);
    assertThat(hold.awaitCall(LIMIT)).isTrue();
    var prepared = threads.submit(() -> suspension.prepare(ID, gateway, LIMIT));
    awaitRejection();
    assertThat(prepared.isDone()).isFalse();
    hold.release();
    assertThat(prepared.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(running.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(200);
  }

  @Test
  @Tag("slow")
  void aGatewayThatDoesNotFinishInTimeAdmitsTurns() throws Exception {
    var hold = engine.script().holdNextTurn();
    var running = threads.submit(this::turn);
    assertThat(hold.awaitCall(LIMIT)).isTrue();
    var log = (Logger) LoggerFactory.getLogger(GatewaySuspension.class);
    var logged = new ListAppender<ILoggingEvent>();
    logged.start();
    log.addAppender(logged);
    log.setLevel(Level.INFO);
    try {
      // Long enough for a response of a loaded machine.
      assertThat(suspension.prepare(ID, gateway, Duration.ofSeconds(5))).isFalse();
    } finally {
      log.setLevel(null);
      log.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly("instance=" + ID + " event=not-suspended blockers=chat-run");
    assertThat(turn()).isEqualTo(200);
    hold.release();
    assertThat(running.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(200);
  }

  @Test
  void anInterruptedSuspensionAdmitsTurns() throws Exception {
    var hold = engine.script().holdNextTurn();
    var running = threads.submit(this::turn);
    assertThat(hold.awaitCall(LIMIT)).isTrue();
    var prepared = interruptible(() -> suspension.prepare(ID, gateway, LIMIT));
    awaitRejection();
    prepared.thread().interrupt();
    assertThatThrownBy(() -> prepared.result().get(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(InterruptedException.class);
    assertThat(turn()).isEqualTo(200);
    hold.release();
    assertThat(running.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(200);
  }

  @Test
  void anotherNodeResumesTheGateway() throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    assertThat(resume(suspension(LIMIT), LIMIT)).isTrue();
    assertThat(turn()).isEqualTo(200);
  }

  /** With one use left, only the second use after the thaw fails. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  @Tag("slow")
  void aThawedGatewayThatCannotUseItsDatabasesAdmitsTurnsAndCannotTakeThem(int uses)
      throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    engine.script().withDatabasesLostByThaw(uses);
    freezeAndThaw();
    long deadline = System.nanoTime() + LIMIT.toNanos();
    assertThat(suspension.admit(ID, gateway, deadline)).isTrue();
    assertThat(suspension.canTakeTurns(ID, gateway, deadline)).isFalse();
    assertThat(suspension.databases(ID, gateway, deadline)).isEqualTo(Finding.UNUSABLE);
    assertThat(status("/readyz")).isEqualTo(200);
    assertThat(turn()).isEqualTo(500);
  }

  @Test
  void aThawedGatewayThatCanUseItsDatabasesIsResumed() throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    freezeAndThaw();
    assertThat(resume(suspension, LIMIT)).isTrue();
    assertThat(turn()).isEqualTo(200);
  }

  /** It rejects all calls, also those that use its databases. */
  @Test
  @Tag("slow")
  void nothingIsKnownAboutTheDatabasesOfASuspendedGateway() throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    long deadline = System.nanoTime() + LIMIT.toNanos();
    assertThat(suspension.databases(ID, gateway, deadline)).isEqualTo(Finding.UNKNOWN);
  }

  @Test
  @Tag("slow")
  void nothingIsKnownAboutDatabasesAfterATryWithoutAnAnswer() throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    engine.script().withDatabasesLostByThaw(0).closeNext(USE, 1);
    freezeAndThaw();
    long deadline = System.nanoTime() + LIMIT.toNanos();
    assertThat(suspension.admit(ID, gateway, deadline)).isTrue();
    assertThat(suspension.databases(ID, gateway, deadline)).isEqualTo(Finding.UNKNOWN);
    assertThat(engine.script().closesLeft(USE)).isZero();
    assertThat(suspension.databases(ID, gateway, deadline)).isEqualTo(Finding.UNUSABLE);
  }

  private void freezeAndThaw() {
    assertThat(engine.freeze(SANDBOX, 1)).isEqualTo(1);
    assertThat(engine.thaw(SANDBOX, FENCE, 1, PROCESS)).contains(gateway);
  }

  @Test
  void anExpiredSuspensionIsResumed() throws Exception {
    assertThat(suspension.prepare(ID, gateway, LIMIT)).isTrue();
    engine.expireSuspension(SANDBOX);
    assertThat(resume(suspension, LIMIT)).isTrue();
    assertThat(resume(suspension, LIMIT)).as("resumed again").isTrue();
    assertThat(turn()).isEqualTo(200);
  }

  @Test
  void anotherControllersSuspensionIsKept() throws Exception {
    var other = JSON.createObjectNode().put("requestId", "other");
    assertThat(admin.call(gateway, TOKEN, "gateway.suspend.prepare", other))
        .isInstanceOf(AdminAnswer.Done.class);
    assertThat(suspension(SHORT).prepare(ID, gateway, SHORT)).isFalse();
    assertThat(resume(suspension(SHORT), SHORT)).isFalse();
    assertThat(turn()).isEqualTo(503);
  }

  @Test
  void aGatewayWithoutATokenOrThatHasEndedIsNotSuspended() throws Exception {
    var unknown = new GatewaySuspension(admin, databases, (_, _) -> Optional.empty(), LIMIT);
    assertThat(unknown.prepare(ID, gateway, LIMIT)).isFalse();
    assertThat(resume(unknown, LIMIT)).isFalse();
    engine.kill(SANDBOX);
    assertThat(suspension.prepare(ID, gateway, Duration.ofDays(1))).isFalse();
    assertThat(resume(suspension, Duration.ofDays(1))).isFalse();
  }

  private record Running(Thread thread, Future<Boolean> result) {}

  private Running interruptible(Callable<Boolean> work) throws Exception {
    var started = new CompletableFuture<Thread>();
    var result =
        threads.submit(
            () -> {
              started.complete(Thread.currentThread());
              return work.call();
            });
    return new Running(started.get(LIMIT.toSeconds(), TimeUnit.SECONDS), result);
  }

  /** Waits until the gateway rejects turns. */
  private void awaitRejection() throws Exception {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (status("/readyz") == 200) {
      assertThat(System.nanoTime()).as("the gateway still admits turns").isLessThan(deadline);
    }
  }

  private int turn() throws Exception {
    var body = "{\"model\":\"openclaw/main\",\"input\":\"hi\"}";
    return http.send(
            request("/v1/responses").POST(BodyPublishers.ofString(body)).build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  private int status(String path) throws Exception {
    return http.send(request(path).build(), BodyHandlers.discarding()).statusCode();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + gateway + path)).timeout(LIMIT);
  }
}
