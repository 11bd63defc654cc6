package dev.chowder.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
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
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", AotTrainingRun::respond);
    server.start();
    var variables =
        Map.of(
            "CHOWDER_URL", "http://127.0.0.1:" + server.getAddress().getPort(),
            "CHOWDER_KEY", "training",
            "HOME", "/nonexistent");
    try {
      for (int round = 0; round < ROUNDS; round++) {
        for (var command : COMMANDS) run(variables, command);
      }
    } finally {
      server.stop(0);
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

  private static void respond(HttpExchange exchange) throws IOException {
    try (exchange) {
      var request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
      var body = body(request).getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
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
