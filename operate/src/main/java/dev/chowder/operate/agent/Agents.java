package dev.chowder.operate.agent;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.client.Api;
import dev.chowder.client.Call;
import dev.chowder.client.Paged;
import dev.chowder.client.failure.ClientException;
import dev.chowder.operate.site.Site;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Stops the running agents of the first organization with the installation, and starts exactly
 * these again with it. Agents of other organizations are stopped with Docker, and the server starts
 * them again.
 */
public record Agents(Site site, Api api) {
  /** The ids of the agents to start again, one in each line. */
  private static final String FILE = "asleep-by-down";

  private static final Instance.Status RUNNING = Instance.Status.running;
  private static final int PAGE = 100;
  private static final int STOP_SECONDS = 60;
  private static final int START_SECONDS = 120;

  /** The response takes some time after the wait. */
  private static final Duration MARGIN = Duration.ofSeconds(60);

  /** Stops those that run. A failure leaves agents to {@code docker stop}. */
  public void sleep() {
    int seconds = site.variables().seconds("CHOWDER_AGENTS_STOP_SECONDS", STOP_SECONDS);
    for (var id : running()) {
      site.say("Stopping agent %s ...".formatted(id));
      // Recorded first: an agent that was stopped but not recorded would not be started again.
      record(id);
      change(id, "stop", seconds);
    }
  }

  /** Starts those again that the last stop of the installation stopped. */
  public void wake() {
    var ids = site.text(FILE).map(text -> new TreeSet<>(text.lines().toList()));
    if (ids.isEmpty()) return;
    for (var id : ids.get()) {
      site.say("Starting agent %s again ...".formatted(id));
      change(id, "start", START_SECONDS);
    }
    site.delete(FILE);
  }

  /** Returns those that run; if a page of the list cannot be read, those of the pages before it. */
  private List<String> running() {
    var ids = new ArrayList<String>();
    try {
      var token = "";
      do {
        var call = Call.get("/v1/instances").with("page_token", token);
        var page = Paged.read(api, call, "instances", PAGE);
        page.as(Instance.getDefaultInstance()).stream()
            .filter(one -> one.getStatus() == RUNNING && one.getDesiredStatus() == RUNNING)
            .map(Instance::getId)
            .forEach(ids::add);
        token = page.nextPageToken();
      } while (!token.isEmpty());
    } catch (ClientException unavailable) {
      site.say(
          "chowder: cannot list the agents: %s.".formatted(ClientFailure.message(unavailable)));
    }
    return ids;
  }

  private void change(String id, String verb, int seconds) {
    var path = "/v1/instances/%s/%s".formatted(Call.segment(id), verb);
    var call =
        Call.post(path)
            .with("wait", Integer.toString(seconds))
            .within(Duration.ofSeconds(seconds).plus(MARGIN));
    try {
      var _ = api.send(call);
    } catch (ClientException failed) {
      site.say(
          "chowder: cannot %s agent %s: %s.".formatted(verb, id, ClientFailure.message(failed)));
    }
  }

  private void record(String id) {
    try {
      Files.writeString(
          site.file(FILE), id + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
