package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeHttp;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A gateway whose answers a test determines, and the clients that Chowder uses for it, with real
 * devices in a database.
 */
final class StubGateway implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();

  private static final String INSTANCE = "0190a000-0000-7000-8000-000000000001";

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient http = HttpClient.newBuilder().executor(threads).build();
  private final FakeHttp server;
  private final Database database;
  private final GatewayDevices devices;

  /** Starts it with a database in this directory. */
  StubGateway(Path directory, FakeHttp.Handler answers) throws IOException {
    server = FakeHttp.listen(new InetSocketAddress(0), 50, threads, answers);
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    devices = new GatewayDevices(new SecretStore(MasterKey.open(settings, database), database));
  }

  /** Returns its address, with a token that may be wrong. */
  Gateway with(Secret token) {
    return new Gateway(
        new SandboxEndpoint("127.0.0.1", server.port()), token, devices.of(INSTANCE));
  }

  /** Stops it before the end of the test. */
  void stop() throws IOException {
    server.close();
  }

  /** The clients of a node, which have common limits for responses. */
  record Clients(OpenClawAdmin admin, GatewayConversations conversations) {}

  Clients clients(OpenClawSettings settings, Duration adminTimeout) {
    var responses = new GatewayResponses(settings.responses());
    var admin = new OpenClawAdmin(http, adminTimeout, responses);
    return new Clients(
        admin, new GatewayConversations(http, admin, settings.conversationTimeout(), responses));
  }

  /** Reads JSON. A text without double quotes may have single ones instead. */
  static JsonNode json(String text) {
    try {
      return JSON.readTree(text.contains("\"") ? text : text.replace('\'', '"'));
    } catch (JsonProcessingException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    http.shutdownNow();
    threads.shutdownNow();
    database.close();
  }
}
