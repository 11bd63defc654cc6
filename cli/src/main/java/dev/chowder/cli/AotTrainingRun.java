package dev.chowder.cli;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The training run for the JVM's AOT cache ({@code -XX:AOTCacheOutput}). Runs the usual commands
 * against canned responses of its own, so that a JVM that uses the cache starts with loaded
 * classes. Reads and writes no file.
 */
public final class AotTrainingRun {
  private static final int ROUNDS = 3;
  private static final String ID = "01a2140b-b860-74ac-a695-4f21471be50c";

  private static final String INSTANCE =
      """
      {"id": "%s", "organization_id": "%s", "name": "my-agent", "status": "running",\
       "model_provider": "custom", "model": "demo", "sandbox_provider": "sandbox",\
       "openclaw_version": "v1", "region": "local", "created_at": "2026-01-01T10:00:00.123Z",\
       "updated_at": "2026-01-01T10:00:00.123Z", "labels": {"team": "docs"}, "revision": 8,\
       "desired_status": "running", "served_by": "cold", "stages": [{"name": "onboard",\
       "outcome": "prepared", "started_at": "2026-01-01T10:00:00Z", "duration_ms": 12}]}
      """
          .strip()
          .formatted(ID, ID);

  private static final List<List<String>> COMMANDS =
      List.of(
          List.of("--version"),
          List.of("--help"),
          List.of("ls"),
          List.of("ls", "-o", "json"),
          List.of("ls", "-q"),
          List.of("get", "my-agent"),
          List.of("create", "my-agent", "--provider", "custom", "--label", "a=b"),
          List.of("stop", ID),
          List.of("start", ID),
          List.of("chat", ID, "Hello"),
          List.of("logs", ID),
          List.of("rm", "--yes", ID),
          List.of("complete", "instances", "--", "stop", "my"),
          List.of("context", "ls"),
          List.of("completion", "bash"),
          List.of("get"));

  private AotTrainingRun() {}

  /** Runs the training. */
  public static void main(String[] arguments) throws IOException {
    try (var server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
      var _ = Thread.ofVirtual().start(() -> serve(server));
      var variables =
          Map.of(
              "CHOWDER_URL", "http://127.0.0.1:" + server.getLocalPort(),
              "CHOWDER_KEY", "training",
              "HOME", "/nonexistent");
      for (int round = 0; round < ROUNDS; round++) {
        for (var command : COMMANDS) run(variables, command);
      }
    }
  }

  private static void run(Map<String, String> variables, List<String> command) {
    var environment =
        new Environment(
            variables,
            new ByteArrayInputStream(new byte[0]),
            OutputStream.nullOutputStream(),
            OutputStream.nullOutputStream(),
            Terminals.of(""));
    int code = CommandLineRun.of(environment, command.toArray(String[]::new));
    boolean isExpected = code == 0 || command.equals(COMMANDS.getLast());
    // The training fails, since its cache would lack the classes of that command.
    if (!isExpected) throw new IllegalStateException("%s: exit %d".formatted(command, code));
  }

  private static void serve(ServerSocket server) {
    while (true) {
      try (var connection = server.accept()) {
        respond(connection);
      } catch (IOException ended) {
        if (server.isClosed()) return;
      }
    }
  }

  private static void respond(Socket connection) throws IOException {
    var reader =
        new BufferedReader(
            new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
    var first = reader.readLine();
    if (first == null) return;
    int length = 0;
    for (var line = reader.readLine(); line != null && !line.isEmpty(); line = reader.readLine()) {
      var header = line.toLowerCase(Locale.ROOT);
      if (header.startsWith("content-length:"))
        length = Integer.parseInt(header.substring(15).strip());
    }
    for (int i = 0; i < length; i++) {
      if (reader.read() < 0) return;
    }
    var body = body(first);
    var response =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            .formatted(body.length(), body);
    connection.getOutputStream().write(response.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String body(String request) {
    if (request.startsWith("DELETE")) return "";
    if (request.contains("/responses")) {
      return """
          data: {"type": "response.output_text.delta", "delta": "Hello"}

          data: {"type": "response.completed", "response": {"output": []}}

          """;
    }
    if (request.contains("/logs")) return "data: {\"text\": \"a line\"}\n\n";
    if (request.contains("/stop")) return INSTANCE.replace("running", "stopped");
    if (request.contains("/watch")) return "data: " + INSTANCE + "\n\n";
    if (request.startsWith("POST")) {
      return INSTANCE.replace("\"status\": \"running\"", "\"status\": \"provisioning\"");
    }
    if (request.contains("/v1/instances?")) {
      return "{\"instances\": [%s], \"next_page_token\": \"\"}".formatted(INSTANCE);
    }
    return INSTANCE;
  }
}
