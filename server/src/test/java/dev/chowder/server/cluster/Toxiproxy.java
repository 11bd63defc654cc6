package dev.chowder.server.cluster;

import dev.chowder.base.Await;
import dev.chowder.testprogram.TestPrograms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;

/** A toxiproxy with one upstream, which a test can cut and slow down. */
final class Toxiproxy implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Process process;
  private final int control = FreePorts.one();
  private final int port = FreePorts.one();
  private final Thread end;

  /** Forwards to a port of this machine. */
  Toxiproxy(int upstream, Path log) throws IOException {
    var binary = TestPrograms.here().toxiproxy().toString();
    process =
        new ProcessBuilder(binary, "-host", "127.0.0.1", "-port", Integer.toString(control))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    end = Thread.ofPlatform().unstarted(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(end);
    Await.until(LIMIT, this::answers, () -> "toxiproxy does not answer, see " + log);
    order(
        "/proxies",
        "{\"name\":\"way\",\"listen\":\"127.0.0.1:%d\",\"upstream\":\"127.0.0.1:%d\",\"enabled\":true}"
            .formatted(port, upstream));
  }

  int port() {
    return port;
  }

  /** Closes all connections and accepts no new ones. */
  void cut() {
    order("/proxies/way", "{\"enabled\":false}");
  }

  /** Resets a connection as soon as its client sends something. */
  void resetPeers() {
    order(
        "/proxies/way/toxics",
        "{\"type\":\"reset_peer\",\"stream\":\"upstream\",\"attributes\":{\"timeout\":0}}");
  }

  /** Delays every byte in both directions. */
  void delay(Duration each) {
    for (var stream : new String[] {"upstream", "downstream"}) {
      order(
          "/proxies/way/toxics",
          "{\"type\":\"latency\",\"stream\":\"%s\",\"attributes\":{\"latency\":%d}}"
              .formatted(stream, each.toMillis()));
    }
  }

  /** Removes all faults. */
  void heal() {
    order("/reset", "");
  }

  private boolean answers() {
    try {
      return http.send(
                  HttpRequest.newBuilder(uri("/version")).timeout(LIMIT).build(),
                  BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  private void order(String path, String body) {
    var request =
        HttpRequest.newBuilder(uri(path)).timeout(LIMIT).POST(BodyPublishers.ofString(body));
    try {
      var answer = http.send(request.build(), BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        throw new IllegalStateException(path + " " + answer.statusCode() + " " + answer.body());
      }
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    } catch (InterruptedException why) {
      throw new IllegalStateException(why);
    }
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + control + path);
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(end);
    process.destroyForcibly();
    http.close();
  }
}
