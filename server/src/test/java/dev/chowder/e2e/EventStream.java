package dev.chowder.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Reads Server-Sent Events as they arrive, each with a time limit. Closing disconnects. */
final class EventStream implements AutoCloseable {
  /** The data of each event; empty for the end of the stream. */
  private final LinkedBlockingQueue<Optional<String>> arrived = new LinkedBlockingQueue<>();

  private final InputStream body;
  private final Map<String, List<String>> headers;

  private EventStream(HttpResponse<InputStream> response) {
    this.body = response.body();
    this.headers = response.headers().map();
    Thread.ofVirtual().start(this::read);
  }

  static EventStream open(HttpRequest.Builder request) {
    try {
      HttpResponse<InputStream> response =
          Caller.HTTP.send(
              request.header("Accept", "text/event-stream").build(),
              HttpResponse.BodyHandlers.ofInputStream());
      if (response.statusCode() != 200) {
        try (InputStream body = response.body()) {
          throw new AssertionError(
              response + ": " + new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
      return new EventStream(response);
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name)).map(List::getFirst);
  }

  /** Returns the next event's data; empty at the end of the stream. */
  Optional<String> next(Duration limit) {
    try {
      Optional<String> next = arrived.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (next == null) {
        throw new AssertionError("no event within " + limit);
      }
      return next;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /**
   * Returns the events up to and including the first that matches, or up to the end of the stream.
   */
  List<JsonNode> until(Duration limit, Predicate<JsonNode> enough) {
    var seen = new ArrayList<JsonNode>();
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      Optional<String> next = next(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
      if (next.isEmpty()) {
        return seen;
      }
      JsonNode event = parse(next.get());
      seen.add(event);
      if (enough.test(event)) {
        return seen;
      }
    }
  }

  private static JsonNode parse(String data) {
    try {
      return Answer.JSON.readTree(data);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + data, e);
    }
  }

  private void read() {
    try (var lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data:")) {
          arrived.add(Optional.of(line.substring("data:".length()).strip()));
        }
      }
    } catch (IOException closedByUs) {
      // The same as a regular end of the stream.
    }
    arrived.add(Optional.empty());
  }

  @Override
  public void close() {
    try {
      body.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
