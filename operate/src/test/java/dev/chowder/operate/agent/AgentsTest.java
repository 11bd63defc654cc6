package dev.chowder.operate.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.chowder.client.Api;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.TlsFiles;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the stop of all agents at a server that gives some wrong responses. */
@Timeout(60)
class AgentsTest {
  /** Full, so that the second page is read by another call. */
  private static final String FIRST_PAGE =
      """
      {"instances": [
        {"id": "one", "status": "running", "desired_status": "running"}%s],
       "next_page_token": "second"}
      """
          .formatted(", {\"id\": \"two\", \"status\": \"stopped\"}".repeat(99));

  @TempDir private Path folder;
  private final List<String> stopped = new CopyOnWriteArrayList<>();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    var target = exchange.getRequestURI();
    if (target.getPath().endsWith("/stop")) stopped.add(target.getPath());
    boolean isFirstPage = target.getPath().equals("/v1/instances") && !isSecond(target);
    var body = (isFirstPage ? FIRST_PAGE : "[]").getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(target.getPath().endsWith("/stop") ? 404 : 200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static boolean isSecond(URI target) {
    return target.getQuery().contains("page_token=second");
  }

  @Test
  void agentsOfThePagesBeforeAFailedOneAreStopped() throws IOException {
    var test = TestSite.in(folder, Map.of());
    Files.createDirectories(test.site().home());
    var url = URI.create("http://localhost:" + server.getAddress().getPort());
    try (var api = new Api(new Context("test", url, null, TlsFiles.NONE), _ -> {}, _ -> {})) {
      new Agents(test.site(), api).sleep();
    }
    assertThat(stopped).containsExactly("/v1/instances/one/stop");
    assertThat(test.site().text("asleep-by-down")).contains("one");
    assertThat(test.messages().lines())
        .hasSize(3)
        .noneMatch(line -> line.endsWith("..") && !line.endsWith(" ..."))
        .first()
        .asString()
        .startsWith("chowder: cannot list the agents: ")
        .endsWith("; check that the URL of the context is that of a Chowder server.");
  }
}
