package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs two engines on one folder in two processes. Each knows the changes of the other, also after
 * the other was killed.
 */
@Timeout(120)
class SharedFolderProcessTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Without a configured token, a simulated gateway accepts any. */
  private static final String SESSION = "chat-1";

  private final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());
  private final HttpClient http = HttpClient.newHttpClient();
  private final ObjectMapper json = new ObjectMapper();

  @TempDir private Path folder;

  @Test
  void eachProcessSeesTheChangesAndEventsOfTheOther() throws Exception {
    try (var other = new OtherNode(folder, false);
        var here = new SimulatedEngine(FakeSandboxSettings.instant().in(folder))) {
      var events = new LinkedBlockingQueue<String>();
      try (var _ = here.watch(event -> events.add(event.what()))) {
        assertThat(other.run("create")).isEqualTo("created");
        var endpoint = other.run("start").substring("started ".length());
        assertThat(here.observe(id).mainProcess())
            .isEqualTo(new MainProcess.Up(1, SandboxEndpoint.parse(endpoint)));
        assertThat(here.host().capacity().availableBytes())
            .as("memory, counted once a second")
            .isPositive();
        assertThat(logOf(here)).containsExactly("hello");
        other.run("freeze");
        assertThat(events.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isEqualTo("pause");
        assertThat(here.observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
        here.kill(id);
        other.awaitEvent("die with exit code 137");
        assertThat(other.run("observe")).contains("Ended", "exitCode=137");
        here.remove(id, Fence.NONE);
        other.awaitEvent("destroy");
        assertThat(other.run("observe")).contains("Missing");
      }
    }
  }

  @Test
  void aGatewayOfAKilledProcessContinuesWithWhatItKnew() throws Exception {
    SandboxEndpoint endpoint;
    String suspension;
    try (var other = new OtherNode(folder, false)) {
      other.run("create");
      endpoint = SandboxEndpoint.parse(other.run("start").substring("started ".length()));
      try (var _ = new SimulatedEngine(FakeSandboxSettings.instant().in(folder))) {
        takeTurn(endpoint);
        suspension = suspend(endpoint);
        assertThat(other.run("pair")).isEqualTo("paired CODE0001");
        other.kill();
        Await.until(LIMIT, () -> status(endpoint) == 503, () -> "no other process serves");
        assertThat(suspend(endpoint)).as("the same suspension").isEqualTo(suspension);
      }
    }
    // All processes have ended, as after a restart of a single node.
    try (var next = new SimulatedEngine(FakeSandboxSettings.instant().in(folder))) {
      assertThat(next.observe(id).mainProcess()).isEqualTo(new MainProcess.Up(1, endpoint));
      assertThat(suspend(endpoint)).isEqualTo(suspension);
      resume(endpoint, suspension);
      assertThat(status(endpoint)).isEqualTo(200);
      assertThat(
              next.tasks()
                  .exec(id, List.of("channel_pairing_requests", "telegram"), LIMIT)
                  .output())
          .contains("CODE0001");
      assertThat(logOf(next)).startsWith("hello", "got /v1/responses");
      assertThat(folder.resolve(id.value()).resolve("sessions.json"))
          .content()
          .contains("agent:main:" + SESSION, "You said: hi");
    }
  }

  @Test
  void aGatewayThatBootsIsNotReadyAfterItsProcessWasKilled() throws Exception {
    SandboxEndpoint endpoint;
    try (var other = new OtherNode(folder, true)) {
      other.run("create");
      endpoint = SandboxEndpoint.parse(other.run("start").substring("started ".length()));
      assertThat(status(endpoint)).isEqualTo(503);
      other.kill();
    }
    try (var _ = new SimulatedEngine(FolderNode.booting(folder))) {
      assertThat(status(endpoint)).isEqualTo(503);
    }
    // Without a boot time, none is left.
    try (var _ = new SimulatedEngine(FakeSandboxSettings.instant().in(folder))) {
      assertThat(status(endpoint)).isEqualTo(200);
    }
  }

  private List<String> logOf(SimulatedEngine engine) throws Exception {
    var lines = new LinkedBlockingQueue<String>();
    var ended = new LinkedBlockingQueue<Boolean>();
    try (var _ =
        engine.logs(
            id,
            100,
            false,
            new SandboxLogReader() {
              @Override
              public void onLine(String line) {
                lines.add(line);
              }

              @Override
              public void onEnd(Optional<dev.chowder.sandbox.SandboxException> failure) {
                ended.add(true);
              }
            })) {
      assertThat(ended.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isNotNull();
    }
    return List.copyOf(lines);
  }

  private void takeTurn(SandboxEndpoint endpoint) throws IOException, InterruptedException {
    assertThat(post(endpoint, "/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}").statusCode())
        .isEqualTo(200);
  }

  /** Suspends the gateway, or renews its suspension, and returns its id. */
  private String suspend(SandboxEndpoint endpoint) throws IOException, InterruptedException {
    return call(endpoint, "gateway.suspend.prepare", "{\"requestId\":\"r\"}")
        .at("/payload/suspensionId")
        .asText();
  }

  private void resume(SandboxEndpoint endpoint, String suspension)
      throws IOException, InterruptedException {
    var params = "{\"suspensionId\":\"" + suspension + "\"}";
    assertThat(call(endpoint, "gateway.suspend.resume", params).at("/payload/resumed").asBoolean())
        .isTrue();
  }

  private JsonNode call(SandboxEndpoint endpoint, String method, String params)
      throws IOException, InterruptedException {
    var body = "{\"method\":\"%s\",\"params\":%s}".formatted(method, params);
    return json.readTree(post(endpoint, "/api/v1/admin/rpc", body).body());
  }

  private HttpResponse<String> post(SandboxEndpoint endpoint, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + endpoint + path))
            .timeout(LIMIT)
            .header("x-openclaw-session-key", SESSION)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Returns the status of {@code /readyz}; 0 if no process serves the gateway. */
  private int status(SandboxEndpoint endpoint) {
    var request = HttpRequest.newBuilder(URI.create("http://" + endpoint + "/readyz")).build();
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (IOException refused) {
      return 0;
    } catch (InterruptedException stop) {
      throw new IllegalStateException(stop);
    }
  }

  /** A process with an engine on the folder. */
  private final class OtherNode implements AutoCloseable {
    private final Process process;
    private final PrintWriter input;
    private final BlockingQueue<String> output = new LinkedBlockingQueue<>();

    OtherNode(Path folder, boolean boots) throws IOException {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  Objects.requireNonNull(System.getProperty("java.class.path")),
                  FolderNode.class.getName(),
                  folder.toString(),
                  Boolean.toString(boots))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      input = new PrintWriter(process.outputWriter(UTF_8), true);
      Thread.ofVirtual().start(this::read);
      while (!line().equals("opened")) {}
    }

    private void read() {
      try (BufferedReader lines = process.inputReader(UTF_8)) {
        for (var line = lines.readLine(); line != null; line = lines.readLine()) output.add(line);
      } catch (IOException killed) {
        output.add("killed");
      }
    }

    /** Runs a verb and returns its result, without events. */
    String run(String verb) {
      input.println(verb + " " + id);
      while (true) {
        var line = line();
        if (!line.startsWith("event ")) return line;
      }
    }

    /** Waits for an event. Earlier ones may be printed after the result of their verb. */
    void awaitEvent(String what) {
      while (!line().equals("event " + what)) {}
    }

    String line() {
      try {
        var line = output.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        return Objects.requireNonNull(line, "no output");
      } catch (InterruptedException stop) {
        throw new IllegalStateException(stop);
      }
    }

    void kill() {
      try {
        process.destroyForcibly().waitFor();
      } catch (InterruptedException stop) {
        throw new IllegalStateException(stop);
      }
    }

    @Override
    public void close() {
      kill();
    }
  }
}
