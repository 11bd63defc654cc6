package dev.chowder.simulator;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the contract on simulated sandboxes, and tests the functions that other tests use. */
class SimulatedEngineTest extends SimulatedSandboxesContract {
  private final HttpClient http = HttpClient.newHttpClient();

  SimulatedEngineTest() {
    super(FakeSandboxSettings.instant());
  }

  @Override
  protected SandboxEngine engine() {
    return simulated;
  }

  @Override
  protected SandboxEngine unreachable() {
    return new SimulatedEngine(FakeSandboxSettings.instant(), new FakeScript().unreachable());
  }

  @Test
  void scriptedFaultsOccurAsOftenAsRequested() {
    simulated.script().failNext(FakeScript.Verb.CREATE, 2, Reason.NO_SPACE, "disk: full");
    assertReason(Reason.NO_SPACE, this::create);
    assertReason(Reason.NO_SPACE, this::create);
    create();
    assertThat(simulated.script().calls())
        .filteredOn(c -> c.verb() == FakeScript.Verb.CREATE)
        .hasSize(3);
  }

  @Test
  void aPagedOutProcessUsesSwapAndAHostWithoutSwapChangesNothing() {
    create();
    start(1, commandThatServes());
    simulated.freeze(id, 1);
    var resident = simulated.memory(id).orElseThrow();
    simulated.script().withoutSwap();
    assertThat(simulated.host().capacity().swapFreeBytes()).isZero();
    assertThat(simulated.pageOut(id, 1)).isEqualTo(resident);
    simulated.script().withSwap();
    assertThat(simulated.pageOut(id, 1).residentBytes()).isLessThan(resident.residentBytes() / 10);
    // Compressed swap is memory of the host.
    var host = simulated.host().capacity();
    assertThat(host.compressedBytes()).isPositive();
    assertThat(host.availableBytes()).isEqualTo(host.totalBytes() - host.compressedBytes());
    assertThat(simulated.memory(id).orElseThrow().swappedBytes()).isPositive();
    assertThat(thaw(2, 1, commandThatServes())).isPresent();
    assertThat(simulated.memory(id)).hasValue(resident);
  }

  @Test
  void aSandboxOutlivesItsEngine(@TempDir Path directory) throws Exception {
    var settings = FakeSandboxSettings.instant().in(directory);
    // Ends before the second one starts, as at a restart of the server.
    var first = new SimulatedEngine(settings);
    first.create(new SandboxSpec(id, ORGANIZATION, snapshot(), 1, RESOURCES));
    first.homes().writeFiles(id, FIRST, List.of(file("a/key", "kept")));
    var endpoint = first.start(id, new Fence(3, 1), process(commandThatServes()));
    first.close();
    try (var second = new SimulatedEngine(settings)) {
      assertThat(second.list())
          .singleElement()
          .satisfies(
              observed ->
                  assertThat(observed.mainProcess()).isEqualTo(new MainProcess.Up(3, endpoint)));
      assertThat(second.homes().readFile(id, "a/key", 10).orElseThrow().toStringUtf8())
          .isEqualTo("kept");
      awaitAnswer(endpoint);
      assertThat(Files.getPosixFilePermissions(directory.resolve(id + "/home/a/key")))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
  }

  @Test
  @SuppressWarnings("try") // Closing early is what is tested.
  void nodesOfOneHostShareTheSandboxesAndServeAfterOneEnds(@TempDir Path directory)
      throws Exception {
    var settings = FakeSandboxSettings.instant().in(directory);
    try (var first = new SimulatedEngine(settings);
        var second = new SimulatedEngine(settings)) {
      first.create(new SandboxSpec(id, ORGANIZATION, snapshot(), 1, RESOURCES));
      var endpoint = first.start(id, new Fence(3, 1), process(commandThatServes()));
      assertThat(second.list())
          .singleElement()
          .satisfies(
              observed ->
                  assertThat(observed.mainProcess()).isEqualTo(new MainProcess.Up(3, endpoint)));
      awaitAnswer(endpoint);
      first.close();
      awaitAnswer(endpoint);
      second.stop(id, 3, Duration.ofSeconds(1));
      second.remove(id, Fence.NONE);
      try (var third = new SimulatedEngine(settings)) {
        assertThat(third.list()).isEmpty();
      }
    }
  }

  @Test
  void anOnboardedGatewayRequiresItsToken() throws Exception {
    create();
    run(List.of("openclaw", "onboard"), Duration.ofSeconds(30));
    simulated
        .homes()
        .writeFiles(
            id,
            FIRST,
            List.of(file(".openclaw/openclaw.json", "{\"gateway\":{\"auth\":{\"token\":\"T\"}}}")));
    SandboxEndpoint endpoint = start(1, commandThatServes());
    String ask = "{\"model\":\"openclaw/main\",\"input\":\"hi there\"}";
    assertThat(post(endpoint, "/v1/responses", "wrong", ask).statusCode()).isEqualTo(401);
    assertThat(post(endpoint, "/v1/responses", "T", ask).body()).contains("You said: hi there");
    assertThat(
            post(
                    endpoint,
                    "/v1/responses",
                    "T",
                    ask.replace("\"input\"", "\"stream\":true,\"input\""))
                .body())
        .startsWith("event: response.created")
        .contains("\"delta\":\"hi\"")
        .endsWith("data: [DONE]\n\n");
  }

  @Test
  void aGatewaysConfigurationIsPatchedByAdminCalls() throws Exception {
    create();
    run(List.of("openclaw", "onboard"), Duration.ofSeconds(30));
    SandboxEndpoint endpoint = start(1, commandThatServes());
    String got = post(endpoint, "/api/v1/admin/rpc", "", "{\"method\":\"config.get\"}").body();
    String hash = got.replaceAll("(?s).*\"hash\":\"([0-9a-f]+)\".*", "$1");
    String patch =
        "{\"method\":\"config.patch\",\"params\":{\"baseHash\":\"%s\",\"raw\":\"{\\\"ui\\\":{\\\"a\\\":1}}\"}}";
    assertThat(post(endpoint, "/api/v1/admin/rpc", "", patch.formatted(hash)).statusCode())
        .isEqualTo(200);
    assertThat(post(endpoint, "/api/v1/admin/rpc", "", patch.formatted(hash)).statusCode())
        .isEqualTo(400);
    assertThat(read(".openclaw/openclaw.json").orElseThrow())
        .contains("\"a\" : 1")
        .contains("\"mode\" : \"local\"");
  }

  private HttpResponse<String> post(
      SandboxEndpoint endpoint, String path, String token, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + endpoint + path))
            .timeout(Duration.ofSeconds(5))
            .header("Authorization", "Bearer " + token)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
