package dev.chowder.simulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.function.Predicate;

/** Serves one WebSocket with the simulated gateway's protocol. */
final class FakeConversation implements FakeSocket.Listener {
  private final FakeSandbox sandbox;
  private final FakeScript script;
  private final Predicate<String> token;
  private boolean connected;

  /**
   * Creates a conversation with one sandbox.
   *
   * @param token accepts the gateway's token
   */
  FakeConversation(FakeSandbox sandbox, FakeScript script, Predicate<String> token) {
    this.sandbox = sandbox;
    this.script = script;
    this.token = token;
  }

  @Override
  public void opened(FakeSocket socket) throws IOException {
    var challenge = FakeOpenClaw.JSON.createObjectNode();
    challenge.put("type", "event").put("event", "connect.challenge");
    challenge.putObject("payload").put("nonce", "n").put("ts", System.currentTimeMillis());
    socket.send(challenge.toString());
  }

  @Override
  public void received(FakeSocket socket, String text) throws IOException {
    JsonNode request;
    try {
      request = FakeOpenClaw.JSON.readTree(text);
    } catch (JsonProcessingException noJson) {
      socket.close(1008, "not JSON");
      return;
    }
    var answer = FakeOpenClaw.JSON.createObjectNode();
    answer.put("type", "res").put("id", request.path("id").asText());
    if (!connected) {
      connect(request, answer);
    } else {
      answer(request.path("method").asText(), request.path("params"), answer);
    }
    socket.send(answer.toString());
    if (!connected) socket.close(1008, "unauthorized");
  }

  private void connect(JsonNode request, ObjectNode answer) {
    connected =
        request.path("method").asText().equals("connect")
            && token.test(request.at("/params/auth/token").asText());
    answer.put("ok", connected);
    if (connected) answer.putObject("payload").put("type", "hello-ok");
    else
      reject(answer, "INVALID_REQUEST", "refused").putObject("details").put("code", "AUTH_REFUSED");
  }

  private void answer(String method, JsonNode params, ObjectNode answer) throws IOException {
    if (script.closes(method)) throw new IOException("closed by the script");
    if (sandbox.admission().answer(method, params, answer)) return;
    // A simulated gateway reads its secrets from its files each time.
    if (method.equals("secrets.reload")) {
      answer.put("ok", true).putObject("payload");
      return;
    }
    if (method.equals("sessions.groups.delete")) {
      deleteGroup(answer);
      return;
    }
    if (method.equals("plugins.install")) {
      install(params.path("spec").asText(), answer);
      return;
    }
    boolean known =
        sandbox.sessions().answer(method, params, answer)
            || sandbox.channels().answer(method, params, answer)
            || sandbox.skills().answer(method, params, answer);
    if (!known) reject(answer, "INVALID_REQUEST", "refused");
  }

  /** Deletes a group of sessions. A simulated gateway has none, and uses its databases for that. */
  private void deleteGroup(ObjectNode answer) {
    if (!script.usesLockedDatabases() && sandbox.useDatabases()) {
      answer.put("ok", true).putObject("payload").put("updatedSessions", 0);
    } else {
      reject(answer, "UNAVAILABLE", "another OpenClaw process owns state-lifecycle");
    }
  }

  /** Installs a plugin. The image has all plugins, unless the script requests a failure. */
  private void install(String npmPackage, ObjectNode answer) {
    var name = npmPackage.substring(npmPackage.indexOf('/') + 1);
    var failure = script.pluginFailure(name);
    if (failure.isPresent()) {
      reject(answer, "UNAVAILABLE", failure.get());
      return;
    }
    if (FakeOpenClaw.config(sandbox.home()).at("/plugins/entries").has(name)) {
      reject(answer, "UNAVAILABLE", "plugin already exists: " + name + " (delete it first)");
      return;
    }
    FakeOpenClaw.install(sandbox.home(), name);
    answer.put("ok", true).putObject("payload").put("ok", true);
  }

  /** Returns the error, so that callers can add details. */
  static ObjectNode reject(ObjectNode answer, String code, String message) {
    answer.put("ok", false);
    return answer.putObject("error").put("code", code).put("message", message);
  }
}
