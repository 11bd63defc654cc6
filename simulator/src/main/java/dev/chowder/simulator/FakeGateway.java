package dev.chowder.simulator;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.simulator.FakeHttp.Exchange;
import dev.chowder.simulator.FakeSandbox.SimulatedProcess;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Simulates all gateways in one HTTP server. Each has its own loopback address, and all have the
 * same port. Connections to a sandbox that does not run are closed without a response, and those to
 * a frozen one get no response before its thaw. If several nodes share a directory, one of them
 * serves, since Envoy and the journal need one endpoint. When it ends, another takes over the port
 * and reads the gateways' state from the folder, because a real gateway outlives the node that
 * started it.
 */
final class FakeGateway implements AutoCloseable {
  private static final String JSON = "application/json";
  private static final int BACKLOG = 4096;

  /** Time between two checks whether the serving node has ended. */
  private static final long CHECK_MILLIS = 20;

  /** Time between two checks whether a frozen process was thawed. */
  private static final long FROZEN_CHECK_MILLIS = 10;

  /**
   * Below the ports that the system assigns to outgoing connections, so that none takes it while no
   * node serves.
   */
  private static final int FIRST_PORT = 20_000;

  private static final int PORTS = 8_000;

  private static final Duration PORT_LIMIT = Duration.ofSeconds(10);

  private final FakeHost host;
  private final FakeSandboxSettings settings;
  private final FakeScript script;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Path portFile;
  private final FileChannel lock;
  private volatile @Nullable FakeHttp server;
  private volatile boolean closed;

  FakeGateway(FakeHost host, FakeSandboxSettings settings, FakeScript script) throws IOException {
    this.host = host;
    this.settings = settings;
    this.script = script;
    this.portFile = host.root().resolve(".port");
    this.lock =
        FileChannel.open(
            host.root().resolve(".serves"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (serve()) return;
    awaitPort();
    threads.execute(this::takeOver);
  }

  /** Waits for the port file, which the serving node writes at once. */
  private void awaitPort() throws IOException {
    long deadline = System.nanoTime() + PORT_LIMIT.toNanos();
    while (!Files.exists(portFile)) {
      if (System.nanoTime() > deadline)
        throw new IOException(cannot("start the fake gateway", "the serving node wrote no port"));
      Thread.onSpinWait();
    }
  }

  /** Returns false if another node serves. */
  private boolean serve() throws IOException {
    if (!tryLock()) return false;
    var bound = bind();
    server = bound;
    if (closed) bound.close();
    return true;
  }

  private boolean tryLock() throws IOException {
    try {
      return lock.tryLock() != null;
    } catch (OverlappingFileLockException sameProcess) {
      return false;
    }
  }

  private void takeOver() {
    try {
      do {
        Thread.sleep(CHECK_MILLIS);
      } while (!serve());
    } catch (InterruptedException | ClosedChannelException ended) {
      Thread.currentThread().interrupt();
    } catch (IOException failed) {
      // Closing interrupts the takeover.
      if (!closed) throw new UncheckedIOException(failed);
    }
  }

  /**
   * Binds the previous server's port if possible, so that endpoints outlive it as those of
   * containers do.
   */
  private FakeHttp bind() throws IOException {
    var bound = Files.exists(portFile) ? bindAgain(writtenPort()) : Optional.<FakeHttp>empty();
    for (int tries = 0; bound.isEmpty() && tries < PORTS; tries++) {
      bound = tryBind(FIRST_PORT + ThreadLocalRandom.current().nextInt(PORTS));
    }
    FakeHttp serving =
        bound.orElseThrow(
            () -> new BindException(cannot("serve the fake gateways", "no port is free")));
    Path draft = portFile.resolveSibling(".port.new");
    Files.writeString(draft, Integer.toString(serving.port()));
    Files.move(draft, portFile, StandardCopyOption.ATOMIC_MOVE);
    return serving;
  }

  /** Waits for the port, because a killed process releases its lock before its port. */
  private Optional<FakeHttp> bindAgain(int port) throws IOException {
    long deadline = System.nanoTime() + PORT_LIMIT.toNanos();
    while (!isFree(port) && System.nanoTime() < deadline) Thread.onSpinWait();
    return tryBind(port);
  }

  private static boolean isFree(int port) throws IOException {
    try (var probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(port));
      return true;
    } catch (BindException taken) {
      return false;
    }
  }

  private Optional<FakeHttp> tryBind(int port) throws IOException {
    try {
      return Optional.of(
          FakeHttp.listen(new InetSocketAddress(port), BACKLOG, threads, this::handle));
    } catch (BindException taken) {
      return Optional.empty();
    }
  }

  private int writtenPort() throws IOException {
    return Integer.parseInt(Files.readString(portFile));
  }

  int port() {
    FakeHttp serving = server;
    if (serving != null) return serving.port();
    try {
      return writtenPort();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void handle(Exchange exchange) throws IOException {
    Optional<FakeSandbox> sandbox = awaitThaw(exchange.at());
    if (sandbox.isPresent()) {
      answer(exchange, sandbox.get());
    }
  }

  /** Returns the sandbox of the address once it is not frozen; empty if none runs there. */
  private Optional<FakeSandbox> awaitThaw(String address) throws IOException {
    while (true) {
      Optional<FakeSandbox> sandbox = host.at(address);
      if (sandbox.flatMap(FakeSandbox::process).filter(SimulatedProcess::paused).isEmpty()) {
        return sandbox;
      }
      try {
        Thread.sleep(FROZEN_CHECK_MILLIS);
      } catch (InterruptedException closing) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException(cannot("respond", "the fake gateway is closing"));
      }
    }
  }

  private void answer(Exchange exchange, FakeSandbox sandbox) throws IOException {
    String path = exchange.path();
    sandbox.log().add(List.of("got " + path));
    if (exchange.requestsSocket()) {
      exchange.accept(
          new FakeConversation(
              sandbox,
              script,
              received -> FakeOpenClaw.token(sandbox.home()).map(received::equals).orElse(true)));
      return;
    }
    switch (path) {
      case "/readyz" -> {
        boolean ready =
            sandbox.isReady(settings.bootTime().toNanos()) && sandbox.admission().isOpen();
        send(exchange, ready ? 200 : 503, "{\"ready\":" + ready + "}");
      }
      case "/v1/responses" -> authorized(exchange, sandbox, this::respond);
      case "/api/v1/admin/rpc" -> authorized(exchange, sandbox, this::administrate);
      default -> send(exchange, 200, "{\"ok\":true}");
    }
  }

  private interface Action {
    void on(Exchange exchange, FakeSandbox sandbox, JsonNode body) throws IOException;
  }

  private static void authorized(Exchange exchange, FakeSandbox sandbox, Action action)
      throws IOException {
    String received = exchange.header("authorization");
    Optional<String> token = FakeOpenClaw.token(sandbox.home());
    if (token.isPresent() && !received.equals("Bearer " + token.get())) {
      send(exchange, 401, error("unauthorized", "unauthorized"));
      return;
    }
    try {
      action.on(exchange, sandbox, FakeOpenClaw.JSON.readTree(exchange.body()));
    } catch (JsonProcessingException broken) {
      send(exchange, 400, error("invalid_request_error", must("body", "be JSON")));
    }
  }

  private void respond(Exchange exchange, FakeSandbox sandbox, JsonNode request)
      throws IOException {
    FakeAdmission admission = sandbox.admission();
    if (!admission.beginTurn()) {
      send(exchange, 503, error("service_unavailable", "Gateway is temporarily unavailable"));
      return;
    }
    try {
      takeTurn(exchange, sandbox, request);
    } finally {
      admission.endTurn();
    }
  }

  private void takeTurn(Exchange exchange, FakeSandbox sandbox, JsonNode request)
      throws IOException {
    if (script.closesTurn()) throw new IOException("closed by the script");
    if (!sandbox.useDatabases()) {
      send(exchange, 500, error("api_error", "internal error"));
      return;
    }
    FakePause.take(FakeScript.Verb.RUN, settings.replyTime());
    FakeReply reply = FakeReply.to(request);
    String session = exchange.header("x-openclaw-session-key");
    if (!session.isEmpty()) {
      sandbox.sessions().add(session, FakeReply.lastText(request.path("input")), reply.text());
    }
    if (!request.path("stream").asBoolean()) {
      send(exchange, 200, reply.whole());
      return;
    }
    try (OutputStream out = exchange.stream(200, "text/event-stream")) {
      for (String event : reply.events()) {
        out.write(event.getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    }
  }

  private void administrate(Exchange exchange, FakeSandbox sandbox, JsonNode request)
      throws IOException {
    ObjectNode answer = FakeOpenClaw.JSON.createObjectNode();
    answer.put("id", request.path("id").asText("rpc"));
    String method = request.path("method").asText();
    JsonNode params = request.path("params");
    if (script.closes(method)) throw new IOException("closed by the script");
    if (!sandbox.admission().answer(method, params, answer)) {
      administrate(sandbox, method, params, answer);
    }
    int rejected = answer.at("/error/code").asText().equals("UNAVAILABLE") ? 503 : 400;
    send(exchange, answer.path("ok").asBoolean() ? 200 : rejected, answer.toString());
  }

  private static void administrate(
      FakeSandbox sandbox, String method, JsonNode params, ObjectNode answer) throws IOException {
    switch (method) {
      case "health" -> answer.put("ok", true).putObject("payload").put("status", "ok");
      case "cron.status" -> answer.put("ok", true).putObject("payload").put("jobs", 0);
      case "config.get" ->
          answer
              .put("ok", true)
              .putObject("payload")
              .put("hash", FakeOpenClaw.hash(sandbox.home()))
              .<ObjectNode>set("config", FakeOpenClaw.config(sandbox.home()))
              .set("sourceConfig", FakeOpenClaw.config(sandbox.home()));
      case "config.patch" -> {
        if (!params.path("baseHash").asText().equals(FakeOpenClaw.hash(sandbox.home()))) {
          reject(answer, "config changed since last load; re-run config.get and retry");
          return;
        }
        JsonNode patch = FakeOpenClaw.JSON.readTree(params.path("raw").asText("{}"));
        Optional<String> unknown = FakeChannels.unknown(FakeOpenClaw.config(sandbox.home()), patch);
        if (unknown.isPresent()) {
          reject(answer, "unknown channel id: " + unknown.get());
          return;
        }
        FakeOpenClaw.patch(sandbox.home(), patch);
        answer.put("ok", true).putObject("payload").put("hash", FakeOpenClaw.hash(sandbox.home()));
      }
      case "channels.status" ->
          answer
              .put("ok", true)
              .set(
                  "payload",
                  sandbox.channels().status(FakeOpenClaw.config(sandbox.home()), params));
      case "web.login.start", "web.login.wait" ->
          answer.put("ok", true).set("payload", sandbox.channels().login(method, params));
      default -> reject(answer, "unknown method: " + method);
    }
  }

  private static void reject(ObjectNode answer, String message) {
    FakeConversation.reject(answer, "INVALID_REQUEST", message);
  }

  private static String error(String type, String message) {
    ObjectNode error = FakeOpenClaw.JSON.createObjectNode();
    error.putObject("error").put("type", type).put("message", message);
    return error.toString();
  }

  private static void send(Exchange exchange, int status, String json) throws IOException {
    exchange.send(status, JSON, json.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    closed = true;
    try (lock) {
      FakeHttp serving = server;
      if (serving != null) serving.close();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } finally {
      threads.shutdownNow();
    }
  }
}
