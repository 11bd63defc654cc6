package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.GatewayAccess;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListSessionsRequest;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the rotation of gateway tokens on a node. Exactly one token is valid at any time, and
 * responses contain it.
 */
class RotationTest {
  @TempDir static Path home;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    node = Node.start(home, Map.of("chowder.reconciler.interval", "200ms"));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @AfterEach
  void heal() {
    node.script().heal();
  }

  @Test
  void onlyTheNewTokenOpensTheGatewayAfterTheResponse() throws Exception {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    var previous = access(key, id).getGatewayToken();
    assertThat(ask(id, previous)).isEqualTo(200);

    var rotated = rotate(key, id);

    assertThat(ask(id, rotated.getGatewayToken())).isEqualTo(200);
    assertThat(ask(id, previous)).isEqualTo(401);
    assertThat(access(key, id)).isEqualTo(rotated);
    // Chowder itself uses the new token.
    var sessions = ListSessionsRequest.newBuilder().setInstanceId(id).build();
    assertThat(node.instances(key).listSessions(sessions).getSessionsList()).isEmpty();
    var events =
        node.instances(key)
            .listInstanceEvents(ListInstanceEventsRequest.newBuilder().setInstanceId(id).build())
            .getEventsList();
    assertThat(events.stream().limit(2).map(Event::getType))
        .containsExactly("token_rotated", "token_rotation_requested");
    assertThat(events.get(1).getKeyId()).isNotEmpty();
    assertThat(events.toString()).doesNotContain(previous, rotated.getGatewayToken());
  }

  /** The gateway closes the connections of a token that is rotated. */
  @Test
  void aSuspensionEndsTheConnectionsToTheGateways() throws Exception {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    var previous = access(key, id).getGatewayToken();
    assertThat(ask(id, previous)).isEqualTo(200);
    var organization = "{\"organization_id\": \"" + node.organizationId(key) + "\"}";

    assertThat(node.operator("SuspendOrganization", organization).statusCode()).isEqualTo(200);

    Node.await(() -> accepts(id, previous) ? "still open" : "");
    assertThat(node.operator("ResumeOrganization", organization).statusCode()).isEqualTo(200);
    Node.await(() -> accepts(id, access(key, id).getGatewayToken()) ? "" : "not reachable");
  }

  private static boolean accepts(String id, String token) {
    try {
      return ask(id, token) == 200;
    } catch (IOException | InterruptedException failed) {
      throw new IllegalStateException(failed);
    }
  }

  @Test
  void concurrentRotationsReturnTheSameToken() throws Exception {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<String> call = () -> rotate(key, id).getGatewayToken();
      var answers = new HashSet<String>();
      for (var answer : callers.invokeAll(List.of(call, call, call, call))) {
        answers.add(answer.get());
      }
      assertThat(answers).contains(access(key, id).getGatewayToken());
    }
  }

  @Test
  void aStoppedInstanceUsesTheNewTokenWhenItStarts() throws Exception {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    var previous = access(key, id).getGatewayToken();
    var stop = StopInstanceRequest.newBuilder().setInstanceId(id).build();
    assertThat(node.instances(key).stopInstance(stop).getStatus())
        .isEqualTo(Instance.Status.stopped);

    var rotated = rotate(key, id);

    assertThat(rotated.getGatewayToken()).isNotEqualTo(previous);
    assertThat(access(key, id)).isEqualTo(rotated);
    var start = StartInstanceRequest.newBuilder().setInstanceId(id).build();
    assertThat(node.instances(key).startInstance(start).getStatus())
        .isEqualTo(Instance.Status.running);
    assertThat(ask(id, rotated.getGatewayToken())).isEqualTo(200);
    assertThat(ask(id, previous)).isEqualTo(401);
  }

  @Test
  void aRotationThatCannotBeAppliedIsRetriedAndThePreviousTokenStaysValid() throws Exception {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    var previous = access(key, id).getGatewayToken();
    // More failures than the test waits for; the engine is repaired below.
    node.script().failNext(Verb.WRITE_FILES, 10_000, Reason.ENGINE_UNREACHABLE, "engine: away");
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      var rotated = callers.submit(() -> rotate(key, id).getGatewayToken());
      Node.await(() -> node.get(key, id).getStage().equals("rotate_token") ? "" : "not begun yet");
      var token = access(key, id).getGatewayToken();
      assertThat(ask(id, token)).isEqualTo(200);
      node.script().heal();
      assertThat(rotated.get()).isNotEqualTo(previous);
      assertThat(ask(id, rotated.get())).isEqualTo(200);
      assertThat(ask(id, previous)).isEqualTo(401);
    }
  }

  @Test
  void anotherOrganizationCannotRotate() {
    var id = node.createRunning(node.newcomer("shrimp"));
    var another = node.newcomer("shrimp");
    assertThatThrownBy(() -> rotate(another, id))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
  }

  private static GatewayAccess rotate(String key, String id) {
    return node.instances(key)
        .rotateGatewayToken(RotateGatewayTokenRequest.newBuilder().setInstanceId(id).build());
  }

  private static GatewayAccess access(String key, String id) {
    return node.instances(key)
        .getGatewayAccess(GetGatewayAccessRequest.newBuilder().setInstanceId(id).build());
  }

  /** Returns the gateway's status code for a request with this token. */
  private static int ask(String id, String token) throws IOException, InterruptedException {
    var process = node.host().observe(Node.sandbox(id)).mainProcess();
    assertThat(process).isInstanceOf(MainProcess.Up.class);
    var at = ((MainProcess.Up) process).endpoint();
    try (var http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://" + at + "/api/v1/admin/rpc"))
                  .version(HttpClient.Version.HTTP_1_1)
                  .header("authorization", "Bearer " + token)
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"method\":\"health\"}", StandardCharsets.UTF_8))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }
}
