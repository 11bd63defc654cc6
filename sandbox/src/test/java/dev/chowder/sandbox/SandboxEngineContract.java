package dev.chowder.sandbox;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests that every engine must pass, whatever runs its sandboxes. An engine's own test supplies the
 * engine and the commands that behave as a test needs.
 */
@Timeout(60)
public abstract class SandboxEngineContract {
  protected static final String ORGANIZATION = "org-1";
  protected static final int PORT = 18789;
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration GRACE = Duration.ofSeconds(15);

  /** The first attempt, in the first home. */
  protected static final Fence FIRST = new Fence(1, 1);

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  protected final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());

  protected abstract SandboxEngine engine();

  protected abstract String snapshot();

  /** A task's command that prints the text to stdout and ends with the exit code. */
  protected abstract List<String> commandThatPrints(String text, int exitCode);

  /** A task's command that does not end by itself. */
  protected abstract List<String> commandThatHangs();

  /**
   * A main process that returns 200 for every GET and ends with exit code 0 on SIGTERM. It prints
   * {@code line 1} to {@code line 5}, then {@code got NAME} for every requested path.
   */
  protected abstract List<String> commandThatServes();

  /** A main process like {@link #commandThatServes}, but it ignores SIGTERM. */
  protected abstract List<String> commandThatIgnoresSigterm();

  /** A main process that uses more memory than its limit. */
  protected abstract List<String> commandThatNeedsTooMuchMemory();

  /** Ends the main process as a crash does. */
  protected abstract void killProcess(SandboxId sandbox);

  /** Makes the main process print this line and end by itself with this exit code. */
  protected abstract void crashProcess(
      SandboxEndpoint endpoint, SandboxId sandbox, int exitCode, String lastLine);

  /** Freezes the main process without a call to the engine. */
  protected abstract void freezeProcess(SandboxId sandbox);

  /** Removes the main process without a call to the engine. */
  protected abstract void removeProcess(SandboxId sandbox);

  /** Returns an engine that cannot reach what runs its sandboxes. */
  protected abstract SandboxEngine unreachable();

  @AfterEach
  void removeSandbox() {
    engine().remove(id, Fence.NONE);
  }

  @Test
  void creatingTwiceKeepsTheHome() {
    create();
    engine().homes().writeFiles(id, FIRST, List.of(file("note", "kept")));
    create();
    assertThat(read("note")).hasValue("kept");
    assertThat(engine().observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(1), new MainProcess.Missing()));
  }

  @Test
  void theReferenceOfASandboxIsTheSameBeforeAndAfterItsCreation() {
    var before = engine().ref(id);
    create();
    assertThat(engine().ref(id)).isEqualTo(before);
    assertThat(before.id()).isEqualTo(id.value());
    var other = SandboxId.ofInstance(UUID.randomUUID().toString());
    assertThat(engine().ref(other))
        .isEqualTo(new SandboxRef(before.engine(), before.host(), other.value()));
  }

  @Test
  void creatingFromAMissingSnapshotFails() {
    assertReason(
        Reason.IMAGE_MISSING,
        () -> engine().create(new SandboxSpec(id, ORGANIZATION, "chowder/absent:1", 1, RESOURCES)));
    assertThat(engine().observe(id).homeExists()).isFalse();
  }

  @Test
  void aTaskReturnsItsExitCodeAndItsOutput() {
    create();
    TaskResult result = run(commandThatPrints("hello", 3), LIMIT);
    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.output()).isEqualTo("hello\n");
    assertThat(result.outOfMemory()).isFalse();
  }

  @Test
  void aTaskHasItsFilesAndCanRunAgain() {
    create();
    TaskSpec task =
        new TaskSpec(
            snapshot(),
            ORGANIZATION,
            commandThatPrints("done", 0),
            List.of(file(".config/key", "secret")),
            RESOURCES);
    assertThat(engine().tasks().run(id, FIRST, task, LIMIT).exitCode()).isZero();
    assertThat(engine().tasks().run(id, new Fence(2, 1), task, LIMIT).exitCode()).isZero();
    assertThat(read(".config/key")).hasValue("secret");
  }

  @Test
  void aTaskThatTakesTooLongIsKilled() {
    create();
    assertReason(Reason.TIMED_OUT, () -> run(commandThatHangs(), Duration.ofMillis(700)));
    assertThat(run(commandThatPrints("next", 0), LIMIT).output()).isEqualTo("next\n");
  }

  @Test
  void aTaskWithoutAHomeIsRejected() {
    assertReason(Reason.NOT_FOUND, () -> run(commandThatPrints("never", 0), LIMIT));
    assertThat(engine().observe(id).homeExists()).isFalse();
  }

  @Test
  void aCommandRunsBesideTheMainProcess() {
    create();
    start(1, commandThatServes());
    TaskResult result = engine().tasks().exec(id, commandThatPrints("hello", 3), LIMIT);
    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.output()).isEqualTo("hello\n");
    assertReason(
        Reason.TIMED_OUT,
        () -> engine().tasks().exec(id, commandThatHangs(), Duration.ofSeconds(1)));
    assertThat(engine().observe(id).mainProcess()).isInstanceOf(MainProcess.Up.class);
  }

  @Test
  void aCommandWithoutAMainProcessIsRejected() {
    create();
    assertReason(
        Reason.NOT_FOUND, () -> engine().tasks().exec(id, commandThatPrints("never", 0), LIMIT));
    start(1, commandThatServes());
    engine().stop(id, 1, GRACE);
    assertReason(
        Reason.NOT_FOUND, () -> engine().tasks().exec(id, commandThatPrints("never", 0), LIMIT));
  }

  @Test
  void anInterruptEndsACallAndKeepsTheFlag() throws Exception {
    create();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch started = new CountDownLatch(1);
      Future<Boolean> flag =
          threads.submit(
              () -> {
                started.countDown();
                assertReason(Reason.INTERRUPTED, () -> run(commandThatHangs(), LIMIT));
                return Thread.interrupted();
              });
      started.await();
      Thread.sleep(300); // The call must react at any point.
      threads.shutdownNow();
      assertThat(flag.get(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void filesAreReadAsTheyWereWritten() {
    create();
    ByteString bytes = ByteString.copyFrom(new byte[] {0, 1, -1, '\n', '\r'});
    engine()
        .homes()
        .writeFiles(id, FIRST, List.of(new SandboxFile("a/b/c.bin", bytes, 0600), file("d", "")));
    assertThat(engine().homes().readFile(id, "a/b/c.bin", 100)).hasValue(bytes);
    assertThat(engine().homes().readFile(id, "d", 100)).hasValue(ByteString.EMPTY);
    engine().homes().writeFiles(id, FIRST, List.of(file("a/b/c.bin", "new")));
    assertThat(read("a/b/c.bin")).hasValue("new");
  }

  @Test
  void aHomeIsMeasured() {
    var limit = new HomeUsage(1L << 40, 1 << 20);
    assertThat(engine().homes().measure(id, limit)).isEmpty();
    create();
    // The engine fills a home from the snapshot at the first use.
    engine().homes().writeFiles(id, FIRST, List.of(file("first", "")));
    var before = engine().homes().measure(id, limit).orElseThrow();
    var bytes = ByteString.copyFrom(new byte[3 << 20]);
    engine().homes().writeFiles(id, FIRST, List.of(new SandboxFile("folder/large", bytes, 0600)));
    var after = engine().homes().measure(id, limit).orElseThrow();
    assertThat(after.bytes() - before.bytes()).isBetween(3L << 20, (3L << 20) + (64 << 10));
    assertThat(after.files() - before.files()).isEqualTo(2);
    assertThat(after.exceeds(limit)).isFalse();
    var little = new HomeUsage(2L << 20, 1 << 20);
    assertThat(engine().homes().measure(id, little).orElseThrow().exceeds(little)).isTrue();
  }

  @Test
  void aMissingFileIsEmpty() {
    create();
    assertThat(engine().homes().readFile(id, "absent/file", 100)).isEmpty();
  }

  @Test
  void aFileBeyondTheLimitIsRejected() {
    create();
    engine().homes().writeFiles(id, FIRST, List.of(file("big", "123456789")));
    assertReason(Reason.FILE_REFUSED, () -> engine().homes().readFile(id, "big", 8));
  }

  @Test
  void readingAFolderAsAFileIsRejected() {
    create();
    engine().homes().writeFiles(id, FIRST, List.of(file("folder/file", "x")));
    assertReason(Reason.FILE_REFUSED, () -> engine().homes().readFile(id, "folder", 100));
  }

  @Test
  void readingBelowAFileIsRejected() {
    create();
    engine().homes().writeFiles(id, FIRST, List.of(file("a/file", "x")));
    assertReason(Reason.FILE_REFUSED, () -> engine().homes().readFile(id, "a/file/below", 100));
    assertReason(Reason.FILE_REFUSED, () -> engine().homes().readFile(id, "a/file/far/below", 100));
  }

  @Test
  void pathsOutsideTheHomeAreRejected() {
    create();
    for (String path :
        List.of("", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\\b", "a\nb")) {
      assertReason(
          Reason.REFUSED, () -> engine().homes().writeFiles(id, FIRST, List.of(file(path, "x"))));
      assertReason(Reason.REFUSED, () -> engine().homes().readFile(id, path, 100));
    }
  }

  @Test
  void filesOfAMissingSandboxAreNotFound() {
    assertReason(
        Reason.NOT_FOUND, () -> engine().homes().writeFiles(id, FIRST, List.of(file("a", "b"))));
    assertReason(Reason.NOT_FOUND, () -> engine().homes().readFile(id, "a", 10));
    assertThat(engine().observe(id).homeExists()).isFalse();
  }

  @Test
  void aStartedProcessResponds() {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    assertThat(endpoint.host()).startsWith("127.");
    awaitAnswer(endpoint);
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(1, endpoint));
    assertThat(engine().observe(id).endpoint()).hasValue(endpoint);
  }

  @Test
  void aPreparedProcessDoesNotRunUntilItIsStarted() {
    create();
    engine().prepare(id, FIRST, process(commandThatServes()));
    engine().homes().writeFiles(id, FIRST, List.of(file("early", "yes")));
    assertThat(read("early")).hasValue("yes");
    assertThat(engine().observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(1), new MainProcess.Missing()));
    assertReason(Reason.NOT_FOUND, () -> engine().logs(id, 10, false, new LogRecorder()).close());
    assertThat(engine().stop(id, 1, GRACE)).isEqualTo(new StopResult(false, false, 0));

    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    engine().prepare(id, FIRST, process(commandThatPrints("another", 0)));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(1, endpoint));
    assertThat(read("early")).hasValue("yes");
  }

  @Test
  void aPreparedProcessIsReplacedByATaskAndByAnotherStart() {
    create();
    engine().prepare(id, FIRST, process(commandThatPrints("never", 0)));
    assertThat(run(commandThatPrints("task", 0), LIMIT).output()).contains("task");
    engine().prepare(id, FIRST, process(commandThatPrints("never", 0)));
    awaitAnswer(start(1, commandThatServes()));
    assertThat(logLines(100)).noneMatch(line -> line.contains("never"));
  }

  @Test
  void anUnpublishedPortIsReachableFromTheHostWhileTheProcessRuns() {
    create();
    assertThat(engine().endpoint(id, PORT)).isEmpty();
    awaitAnswer(start(1, commandThatServes()));
    awaitAnswer(engine().endpoint(id, PORT).orElseThrow());
    assertThat(engine().freeze(id, 2)).isEqualTo(1);
    assertThat(engine().endpoint(id, PORT)).isEmpty();
    assertThat(thaw(3, 1, commandThatServes())).isPresent();
    awaitAnswer(engine().endpoint(id, PORT).orElseThrow());
    engine().stop(id, 3, GRACE);
    assertThat(engine().endpoint(id, PORT)).isEmpty();
    awaitAnswer(start(4, commandThatServes()));
    awaitAnswer(engine().endpoint(id, PORT).orElseThrow());
  }

  @Test
  void startingTheSameAttemptAgainKeepsTheProcess() {
    create();
    SandboxEndpoint first = start(1, commandThatServes());
    awaitAnswer(first);
    assertThat(start(1, commandThatServes())).isEqualTo(first);
    assertThat(logLines(100)).containsOnlyOnce("line 1");
  }

  @Test
  void startingAnotherAttemptReplacesTheProcess() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    SandboxEndpoint second = start(2, commandThatServes());
    awaitAnswer(second);
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(2, second));
  }

  @Test
  void aLateStartOfAnEarlierAttemptKeepsTheProcess() {
    create();
    SandboxEndpoint second = start(2, commandThatServes());
    assertReason(Reason.REFUSED, () -> start(1, commandThatServes()));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(2, second));
    // An ended process blocks nothing, because a restored database may know less than the host.
    engine().stop(id, 2, GRACE);
    awaitAnswer(start(1, commandThatServes()));
  }

  @Test
  void stoppingEndsTheProcessGracefully() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    assertThat(engine().stop(id, 1, GRACE)).isEqualTo(new StopResult(true, false, 0));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Ended(1, 0, false));
    assertThat(engine().howEnded(id)).isEqualTo(Ending.STOPPED);
  }

  @Test
  void stoppingTwiceOrWithoutAProcessDoesNothing() {
    create();
    assertThat(engine().stop(id, 1, GRACE).wasRunning()).isFalse();
    awaitAnswer(start(1, commandThatServes()));
    engine().stop(id, 1, GRACE);
    assertThat(engine().stop(id, 1, GRACE)).isEqualTo(new StopResult(false, false, 0));
  }

  @Test
  void aProcessThatIgnoresSigtermIsKilledAfterTheGracePeriod() {
    create();
    awaitAnswer(start(1, commandThatIgnoresSigterm()));
    assertThat(engine().stop(id, 1, Duration.ofMillis(500)))
        .isEqualTo(new StopResult(true, true, 137));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Ended(1, 137, false));
    assertThat(engine().howEnded(id)).isEqualTo(Ending.STOPPED);
  }

  @Test
  void filesSurviveAStopAndAStart() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    engine().homes().writeFiles(id, FIRST, List.of(file("while/running", "1")));
    engine().stop(id, 1, GRACE);
    engine().homes().writeFiles(id, FIRST, List.of(file("while/stopped", "2")));
    awaitAnswer(start(1, commandThatServes()));
    assertThat(read("while/running")).hasValue("1");
    assertThat(read("while/stopped")).hasValue("2");
    engine().homes().writeFiles(id, FIRST, List.of(file("while/running", "3")));
    assertThat(read("while/running")).hasValue("3");
  }

  @Test
  void aKilledProcessIsObservedAsEnded() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    killProcess(id);
    awaitEnd();
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Ended(1, 137, false));
    assertThat(engine().howEnded(id)).isEqualTo(Ending.BY_ITSELF);
    awaitAnswer(start(1, commandThatServes()));
  }

  @Test
  void aProcessThatEndedByItselfIsObservedWithItsExitCodeAndLastLine() {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    crashProcess(endpoint, id, 7, "Error: ENOSPC");
    awaitEnd();
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Ended(1, 7, false));
    assertThat(engine().howEnded(id)).isEqualTo(Ending.BY_ITSELF);
    assertThat(logLines(1)).containsExactly("Error: ENOSPC");
  }

  @Test
  void aFrozenProcessIsObservedAndReportedAndStoppedGracefully() throws Exception {
    create();
    awaitAnswer(start(1, commandThatServes()));
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (AutoCloseable _ = engine().watch(events::add)) {
      freezeProcess(id);
      assertThat(next(events).what()).contains("pause");
    }
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    engine().homes().writeFiles(id, FIRST, List.of(file("frozen", "yes")));
    assertThat(read("frozen")).hasValue("yes");
    assertThat(engine().stop(id, 1, GRACE)).isEqualTo(new StopResult(true, false, 0));
  }

  @Test
  void withoutAGraceAProcessIsKilledAlsoIfItIsFrozen() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    assertThat(engine().stop(id, 1, Duration.ZERO)).isEqualTo(new StopResult(true, true, 137));
    awaitAnswer(start(2, commandThatServes()));
    engine().freeze(id, 2);
    assertThat(engine().stop(id, 2, Duration.ZERO)).isEqualTo(new StopResult(true, true, 137));
    assertThat(engine().observe(id).mainProcess()).isInstanceOf(MainProcess.Ended.class);
  }

  @Test
  void aFrozenProcessContinuesWithItsMemoryAfterAThaw() throws Exception {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    assertThat(engine().freeze(id, 1)).isEqualTo(1);
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    assertThat(engine().list())
        .contains(new SandboxObservation(id, Optional.of(1), new MainProcess.Paused(1)));
    Future<Integer> answer = getAsync(endpoint, "/asked-while-frozen");
    assertThatThrownBy(() -> answer.get(500, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    assertThat(thaw(2, 1, commandThatServes())).hasValue(endpoint);
    assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo(200);
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(1, endpoint));
    assertThat(logLines(100)).contains("got /asked-while-frozen").containsOnlyOnce("line 1");
  }

  @Test
  void freezingAndThawingTwiceChangesNothing() {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    assertThat(thaw(1, 1, commandThatServes())).as("was never frozen").hasValue(endpoint);
    assertThat(engine().freeze(id, 1)).isEqualTo(1);
    // A stop is a later attempt than the start.
    assertThat(engine().freeze(id, 2)).isEqualTo(1);
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    assertThat(thaw(3, 1, commandThatServes())).hasValue(endpoint);
    assertThat(thaw(3, 1, commandThatServes())).hasValue(endpoint);
    awaitAnswer(endpoint);
    assertThat(logLines(100)).containsOnlyOnce("line 1");
  }

  @Test
  void aThawIsEmptyIfTheProcessWouldDifferOrDoesNotRun() {
    create();
    assertThat(thaw(1, 1, commandThatServes())).as("no process").isEmpty();
    awaitAnswer(start(1, commandThatServes()));
    engine().freeze(id, 1);
    assertThat(thaw(2, 2, commandThatServes())).as("another boot").isEmpty();
    assertThat(thaw(2, 1, commandThatIgnoresSigterm())).as("another command").isEmpty();
    var otherImage =
        new ProcessSpec(
            "chowder/other:1", ORGANIZATION, commandThatServes(), Map.of(), PORT, RESOURCES);
    assertThat(engine().thaw(id, new Fence(2, 1), 1, otherImage)).as("another image").isEmpty();
    var otherEnvironment =
        new ProcessSpec(
            snapshot(), ORGANIZATION, commandThatServes(), Map.of("A", "b"), PORT, RESOURCES);
    assertThat(engine().thaw(id, new Fence(2, 1), 1, otherEnvironment)).isEmpty();
    var otherResources =
        new ProcessSpec(
            snapshot(),
            ORGANIZATION,
            commandThatServes(),
            Map.of(),
            PORT,
            new SandboxResources(256L << 20, 1_000_000_000L, 512, 0));
    assertThat(engine().thaw(id, new Fence(2, 1), 1, otherResources)).as("other limits").isEmpty();
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    killProcess(id);
    awaitEnd();
    assertThat(thaw(2, 1, commandThatServes())).as("an ended process").isEmpty();
    engine().removeProcesses(id, 1);
    assertThat(thaw(2, 1, commandThatServes())).as("a removed process").isEmpty();
  }

  @Test
  void aLateCallNeitherFreezesNorThawsNorPagesOutALaterAttempt() {
    create();
    SandboxEndpoint endpoint = start(2, commandThatServes());
    assertReason(Reason.REFUSED, () -> engine().freeze(id, 1));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(2, endpoint));
    engine().freeze(id, 2);
    assertReason(Reason.REFUSED, () -> engine().freeze(id, 1));
    assertReason(Reason.REFUSED, () -> thaw(1, 1, commandThatServes()));
    assertReason(Reason.NOT_FOUND, () -> engine().pageOut(id, 1));
    var otherHome = new Fence(3, 2);
    assertReason(Reason.HOME_REPLACED, () -> thaw(otherHome, 2, commandThatServes()));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(2));
    assertThat(thaw(3, 2, commandThatServes())).hasValue(endpoint);
  }

  @Test
  void onlyARunningProcessCanBeFrozenAndOnlyAFrozenOnePagedOut() {
    assertReason(Reason.NOT_FOUND, () -> engine().freeze(id, 1));
    assertReason(Reason.NOT_FOUND, () -> thaw(1, 1, commandThatServes()));
    create();
    assertReason(Reason.NOT_FOUND, () -> engine().freeze(id, 1));
    assertReason(Reason.NOT_FOUND, () -> engine().pageOut(id, 1));
    awaitAnswer(start(1, commandThatServes()));
    assertReason(Reason.NOT_FOUND, () -> engine().pageOut(id, 1));
    engine().stop(id, 1, GRACE);
    assertReason(Reason.NOT_FOUND, () -> engine().freeze(id, 1));
    assertReason(Reason.NOT_FOUND, () -> engine().pageOut(id, 1));
  }

  @Test
  void aSleepingProcessCanBeStoppedStartedAndRemoved() {
    create();
    for (boolean pagedOut : new boolean[] {false, true}) {
      awaitAnswer(start(1, commandThatServes()));
      sleep(1, pagedOut);
      assertThat(engine().stop(id, 2, GRACE)).isEqualTo(new StopResult(true, false, 0));
      assertThat(engine().howEnded(id)).isEqualTo(Ending.STOPPED);

      awaitAnswer(start(1, commandThatServes()));
      sleep(1, pagedOut);
      awaitAnswer(start(2, commandThatServes()));
      assertThat(engine().observe(id).attempt()).isEqualTo(2);

      sleep(2, pagedOut);
      assertThat(run(new Fence(3, 1), commandThatPrints("x", 0), LIMIT).exitCode()).isZero();
      awaitAnswer(start(1, commandThatServes()));
      sleep(1, pagedOut);
      removeAndCheck();
      create();
    }
  }

  @Test
  void aPagedOutProcessContinuesWithItsMemory() {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    sleep(1, true);
    sleep(1, true);
    assertThat(thaw(2, 1, commandThatServes())).hasValue(endpoint);
    awaitAnswer(endpoint);
    assertThat(logLines(100)).containsOnlyOnce("line 1");
  }

  @Test
  void aPagedOutProcessIsObservedAsFrozenAndItsHomeAndLogAreAccessible() throws Exception {
    create();
    awaitAnswer(start(1, commandThatServes()));
    sleep(1, true);
    // A deeper sleep is a later attempt than the start.
    assertThat(engine().pageOut(id, 2)).isEqualTo(engine().memory(id).orElseThrow());
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    assertThat(engine().list())
        .contains(new SandboxObservation(id, Optional.of(1), new MainProcess.Paused(1)));
    engine().homes().writeFiles(id, FIRST, List.of(file("paged-out", "yes")));
    assertThat(read("paged-out")).hasValue("yes");
    assertThat(logLines(100)).containsOnlyOnce("line 1");
    assertThat(engine().freeze(id, 2)).as("freezes a paged-out process again").isEqualTo(1);
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
  }

  @Test
  void withoutAGraceAPagedOutProcessIsKilled() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    sleep(1, true);
    assertThat(engine().stop(id, 2, Duration.ZERO).killed()).isTrue();
    assertThat(engine().observe(id).mainProcess()).isInstanceOf(MainProcess.Ended.class);
    assertReason(Reason.NOT_FOUND, () -> engine().pageOut(id, 2));
    assertThat(thaw(2, 1, commandThatServes())).isEmpty();
  }

  private void sleep(int attempt, boolean pagedOut) {
    engine().freeze(id, attempt);
    if (pagedOut) assertThat(engine().pageOut(id, attempt).residentBytes()).isPositive();
  }

  @Test
  void theMemoryAndTheProcessorTimeOfAProcessAreKnown() {
    create();
    assertThat(engine().memory(id)).isEmpty();
    assertThat(engine().processorTime(id)).isEmpty();
    awaitAnswer(start(1, commandThatServes()));
    assertThat(engine().processorTime(id).orElseThrow()).isPositive();
    engine().freeze(id, 1);
    assertThat(engine().memory(id).orElseThrow().residentBytes()).isGreaterThan(1 << 20);
    engine().stop(id, 1, GRACE);
    assertThat(engine().memory(id)).isEmpty();
  }

  @Test
  void aRemovedProcessIsReportedAndItsHomeIsKept() throws Exception {
    create();
    awaitAnswer(start(1, commandThatServes()));
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (AutoCloseable _ = engine().watch(events::add)) {
      removeProcess(id);
      assertThat(next(events)).isNotNull();
    }
    assertThat(engine().observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(1), new MainProcess.Missing()));
  }

  /** Returns the next event of this test's sandbox. */
  private SandboxEvent next(BlockingQueue<SandboxEvent> events) throws InterruptedException {
    while (true) {
      SandboxEvent event = events.poll(30, TimeUnit.SECONDS);
      assertThat(event).as("an event in time").isNotNull();
      if (event.id().equals(id)) {
        return event;
      }
    }
  }

  @Test
  void aProcessWithoutEnoughMemoryIsObservedAsOutOfMemory() {
    create();
    start(1, commandThatNeedsTooMuchMemory());
    awaitEnd();
    assertThat(engine().observe(id).mainProcess())
        .isInstanceOfSatisfying(
            MainProcess.Ended.class, ended -> assertThat(ended.outOfMemory()).isTrue());
  }

  @Test
  void removingInAnyStateLeavesNothing() {
    engine().remove(id, Fence.NONE);
    create();
    removeAndCheck();
    create();
    run(commandThatPrints("x", 0), LIMIT);
    removeAndCheck();
    create();
    awaitAnswer(start(1, commandThatServes()));
    removeAndCheck();
    create();
    awaitAnswer(start(1, commandThatServes()));
    engine().stop(id, 1, GRACE);
    removeAndCheck();
    removeAndCheck();
  }

  /** A paused node calls late, after others gave the instance another home. */
  @Test
  void aLateCallOfAnEarlierAttemptTouchesNeitherTheNewHomeNorItsProcess() {
    create();
    assertThat(engine().remove(id, FIRST)).isTrue();
    engine().create(new SandboxSpec(id, ORGANIZATION, snapshot(), 2, RESOURCES));
    var second = new Fence(2, 2);
    engine().homes().writeFiles(id, second, List.of(file("memory", "kept")));

    // No process uses the home yet.
    assertThat(engine().remove(id, FIRST)).isFalse();
    assertReason(Reason.HOME_REPLACED, this::create);
    assertReason(Reason.HOME_REPLACED, () -> run(commandThatPrints("never", 0), LIMIT));
    assertReason(Reason.HOME_REPLACED, () -> start(1, commandThatServes()));
    assertReason(
        Reason.HOME_REPLACED, () -> engine().prepare(id, FIRST, process(commandThatServes())));
    assertReason(
        Reason.HOME_REPLACED,
        () -> engine().homes().writeFiles(id, FIRST, List.of(file("memory", "overwritten"))));
    assertThat(engine().observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(2), new MainProcess.Missing()));
    assertThat(read("memory")).hasValue("kept");

    SandboxEndpoint endpoint = start(second, commandThatServes());
    awaitAnswer(endpoint);
    assertThat(engine().remove(id, FIRST)).isFalse();
    engine().removeProcesses(id, 1);
    assertReason(Reason.REFUSED, () -> engine().stop(id, 1, GRACE));
    assertThat(engine().observe(id).mainProcess()).isEqualTo(new MainProcess.Up(2, endpoint));
    assertThat(read("memory")).hasValue("kept");
  }

  /** Other nodes started the instance again in the same home. */
  @Test
  void aLateCallOfAnEarlierAttemptDoesNotDisturbALaterOneInTheSameHome() {
    create();
    SandboxEndpoint endpoint = start(2, commandThatServes());
    awaitAnswer(endpoint);
    assertThat(engine().remove(id, FIRST)).isFalse();
    engine().removeProcesses(id, 1);
    assertReason(Reason.REFUSED, () -> engine().stop(id, 1, GRACE));
    assertReason(Reason.REFUSED, () -> engine().prepare(id, FIRST, process(commandThatServes())));
    assertReason(Reason.REFUSED, () -> run(commandThatPrints("never", 0), LIMIT));
    assertReason(
        Reason.REFUSED, () -> engine().homes().writeFiles(id, FIRST, List.of(file("late", "x"))));
    assertThat(engine().observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(1), new MainProcess.Up(2, endpoint)));
    assertThat(read("late")).isEmpty();

    // An attempt that ended keeps its home too.
    engine().stop(id, 2, GRACE);
    assertThat(engine().remove(id, FIRST)).isFalse();
    assertThat(engine().observe(id).homeExists()).isTrue();
    assertThat(engine().remove(id, new Fence(2, 1))).isTrue();
    assertThat(engine().observe(id)).isEqualTo(SandboxObservation.nothing(id));
  }

  @Test
  void aHomeWithoutALabelHasGenerationZero() {
    engine().create(new SandboxSpec(id, ORGANIZATION, snapshot(), 0, RESOURCES));
    assertThat(engine().observe(id).home()).hasValue(0);
    assertThat(engine().list())
        .contains(new SandboxObservation(id, Optional.of(0), new MainProcess.Missing()));
    assertThat(engine().remove(id, FIRST)).isFalse();
    assertThat(engine().observe(id).homeExists()).isTrue();
    awaitAnswer(start(new Fence(3, 0), commandThatServes()));
    assertThat(engine().remove(id, new Fence(3, 0))).isTrue();
  }

  @Test
  void removingProcessesKeepsTheHome() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    engine().homes().writeFiles(id, FIRST, List.of(file("kept", "yes")));
    engine().removeProcesses(id, 1);
    assertThat(engine().observe(id))
        .isEqualTo(new SandboxObservation(id, Optional.of(1), new MainProcess.Missing()));
    assertThat(read("kept")).hasValue("yes");
  }

  @Test
  void removingEndsARunningTask() throws Exception {
    create();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> task =
          threads.submit(
              () ->
                  assertThatThrownBy(() -> run(commandThatHangs(), LIMIT))
                      .isInstanceOf(SandboxException.class));
      awaitTaskRunning();
      Future<?> first = threads.submit(() -> engine().remove(id, Fence.NONE));
      Future<?> second = threads.submit(() -> engine().remove(id, Fence.NONE));
      first.get(20, TimeUnit.SECONDS);
      second.get(20, TimeUnit.SECONDS);
      task.get(20, TimeUnit.SECONDS);
    }
    removeAndCheck();
  }

  /** Returns when the task of another thread is running. */
  protected abstract void awaitTaskRunning();

  @Test
  void listingReturnsTheExistingSandboxes() {
    create();
    assertThat(engine().list())
        .contains(new SandboxObservation(id, Optional.of(1), new MainProcess.Missing()));
    SandboxEndpoint endpoint = start(4, commandThatServes());
    assertThat(engine().list())
        .contains(new SandboxObservation(id, Optional.of(1), new MainProcess.Up(4, endpoint)));
    var _ = engine().stop(id, 4, GRACE);
    assertThat(engine().list())
        .as("a list does not show how a process ended")
        .contains(new SandboxObservation(id, Optional.of(1), MainProcess.Ended.listed(4)));
    engine().remove(id, Fence.NONE);
    assertThat(engine().list()).noneMatch(observed -> observed.id().equals(id));
  }

  @Test
  void logsReturnTheLastLines() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    Await.until(() -> logLines(2).contains("got /healthz"));
    engine().stop(id, 1, GRACE);
    assertThat(logLines(2)).containsExactly("line 5", "got /healthz");
  }

  @Test
  void followedLogsContinueUntilTheProcessEnds() throws Exception {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    LogRecorder recorder = new LogRecorder();
    try (AutoCloseable _ = engine().logs(id, 1, true, recorder)) {
      assertThat(recorder.next()).isEqualTo("got /healthz");
      get(endpoint, "/more");
      assertThat(recorder.next()).isEqualTo("got /more");
      engine().stop(id, 1, GRACE);
      assertThat(recorder.end()).isEmpty();
    }
  }

  @Test
  void closingEndsFollowedLogs() throws Exception {
    create();
    SandboxEndpoint endpoint = start(1, commandThatServes());
    awaitAnswer(endpoint);
    LogRecorder recorder = new LogRecorder();
    AutoCloseable handle = engine().logs(id, 0, true, recorder);
    recorder.awaitBegin();
    handle.close();
    handle.close();
    assertThat(recorder.end()).isEmpty();
    get(endpoint, "/unseen");
    assertThat(recorder.lines).isEmpty();
    assertThat(recorder.ends).isEmpty();
  }

  @Test
  void logsWithoutAProcessAreNotFound() {
    create();
    assertReason(Reason.NOT_FOUND, () -> engine().logs(id, 10, false, new LogRecorder()).close());
  }

  @Test
  void eventsReportAKilledProcess() throws Exception {
    create();
    awaitAnswer(start(1, commandThatServes()));
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (AutoCloseable _ =
        engine()
            .watch(
                event -> {
                  if (event.id().equals(id)) {
                    events.add(event);
                  }
                })) {
      killProcess(id);
      SandboxEvent event = events.poll(30, TimeUnit.SECONDS);
      assertThat(event).isNotNull();
      assertThat(event.what()).contains("die");
    }
  }

  @Test
  void capacityIsPlausible() {
    var capacity = engine().host().capacity();
    assertThat(capacity.availableBytes()).isPositive().isLessThanOrEqualTo(capacity.totalBytes());
    assertThat(capacity.swapFreeBytes()).isNotNegative();
  }

  @Test
  void aMissingEngineIsReportedAsUnreachable() throws Exception {
    try (SandboxEngine absent = unreachable()) {
      assertReason(
          Reason.ENGINE_UNREACHABLE,
          () -> absent.create(new SandboxSpec(id, ORGANIZATION, snapshot(), 1, RESOURCES)));
      assertReason(Reason.ENGINE_UNREACHABLE, () -> absent.observe(id));
      assertReason(Reason.ENGINE_UNREACHABLE, absent::list);
      assertReason(Reason.ENGINE_UNREACHABLE, () -> absent.stop(id, 1, GRACE));
      assertReason(Reason.ENGINE_UNREACHABLE, () -> absent.freeze(id, 1));
      assertReason(Reason.ENGINE_UNREACHABLE, () -> absent.pageOut(id, 1));
      assertReason(
          Reason.ENGINE_UNREACHABLE, () -> absent.thaw(id, FIRST, 1, process(commandThatServes())));
      assertReason(Reason.ENGINE_UNREACHABLE, () -> absent.memory(id));
      assertReason(Reason.ENGINE_UNREACHABLE, () -> absent.remove(id, Fence.NONE));
      assertReason(Reason.ENGINE_UNREACHABLE, absent.host()::capacity);
    }
  }

  protected void create() {
    engine().create(new SandboxSpec(id, ORGANIZATION, snapshot(), 1, RESOURCES));
  }

  protected TaskResult run(List<String> command, Duration limit) {
    return run(FIRST, command, limit);
  }

  private TaskResult run(Fence fence, List<String> command, Duration limit) {
    return engine()
        .tasks()
        .run(
            id,
            fence,
            new TaskSpec(snapshot(), ORGANIZATION, command, List.of(), RESOURCES),
            limit);
  }

  protected SandboxEndpoint start(int attempt, List<String> command) {
    return start(new Fence(attempt, 1), command);
  }

  private SandboxEndpoint start(Fence fence, List<String> command) {
    return engine().start(id, fence, process(command));
  }

  protected Optional<SandboxEndpoint> thaw(int attempt, int boot, List<String> command) {
    return thaw(new Fence(attempt, 1), boot, command);
  }

  private Optional<SandboxEndpoint> thaw(Fence fence, int boot, List<String> command) {
    return engine().thaw(id, fence, boot, process(command));
  }

  protected ProcessSpec process(List<String> command) {
    return new ProcessSpec(snapshot(), ORGANIZATION, command, Map.of(), PORT, RESOURCES);
  }

  protected static SandboxFile file(String path, String content) {
    return new SandboxFile(path, ByteString.copyFromUtf8(content), 0600);
  }

  protected Optional<String> read(String path) {
    return engine().homes().readFile(id, path, 1000).map(ByteString::toStringUtf8);
  }

  protected List<String> logLines(int lines) {
    LogRecorder recorder = new LogRecorder();
    try (AutoCloseable _ = engine().logs(id, lines, false, recorder)) {
      assertThat(recorder.end()).isEmpty();
    } catch (Exception failed) {
      throw new AssertionError(failed);
    }
    return List.copyOf(recorder.lines);
  }

  private void removeAndCheck() {
    engine().remove(id, Fence.NONE);
    assertThat(engine().observe(id)).isEqualTo(SandboxObservation.nothing(id));
    assertThat(engine().list()).noneMatch(observed -> observed.id().equals(id));
  }

  protected void awaitAnswer(SandboxEndpoint endpoint) {
    Await.until(
        () -> {
          try {
            return get(endpoint, "/healthz") == 200;
          } catch (IOException notYet) {
            return false;
          }
        });
  }

  protected int get(SandboxEndpoint endpoint, String path) throws IOException {
    try {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://" + endpoint + path))
                  .timeout(Duration.ofSeconds(10))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  private Future<Integer> getAsync(SandboxEndpoint endpoint, String path) {
    return http.sendAsync(
            HttpRequest.newBuilder(URI.create("http://" + endpoint + path))
                .timeout(Duration.ofSeconds(30))
                .build(),
            HttpResponse.BodyHandlers.discarding())
        .thenApply(HttpResponse::statusCode);
  }

  protected void awaitEnd() {
    Await.until(() -> engine().observe(id).mainProcess() instanceof MainProcess.Ended);
  }

  protected static void assertReason(
      Reason reason, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }
}
