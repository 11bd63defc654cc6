package dev.chowder.cli.instance;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.output.Output;
import dev.chowder.cli.output.Printable;
import dev.chowder.client.ApiException;
import dev.chowder.client.EventStream;
import dev.chowder.client.EventStream.Part;
import dev.chowder.client.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Prints changes of instances until the user interrupts it. A broken watch is resumed. A watch
 * sends each instance again from time to time, so a revision is printed once.
 */
final class InstanceChanges {
  private static final Duration OPEN_LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Instances instances;
  private final Output output;
  private final boolean isJson;
  private final Predicate<Instance> selected;
  private final Map<String, Integer> revisions = new HashMap<>();

  /**
   * Creates the printer.
   *
   * @param known instances that are printed already
   */
  InstanceChanges(
      Instances instances,
      Output output,
      boolean isJson,
      List<Instance> known,
      Predicate<Instance> selected) {
    this.instances = instances;
    this.output = output;
    this.isJson = isJson;
    this.selected = selected;
    known.forEach(one -> revisions.put(one.getId(), one.getRevision()));
  }

  /** Prints the changes of all instances. Never returns. */
  void followAll() {
    var cursor = "";
    while (true) {
      cursor = followAll(cursor);
      pause();
    }
  }

  /** Returns where to resume. */
  private String followAll(String after) {
    var cursor = after;
    try (var stream = instances.watchAll(after)) {
      for (var json = next(stream); !json.isEmpty(); json = next(stream)) {
        var change = Reply.parse(json, InstanceChange.getDefaultInstance());
        if (change.hasInstance()) print(change.getInstance(), instanceOf(json));
        if (change.hasCursor()) cursor = change.getCursor();
      }
    } catch (ApiException rejected) {
      if (!rejected.reason().equals("CURSOR_EXPIRED")) throw rejected;
      // The watch begins again with the current states.
      return "";
    }
    return cursor;
  }

  private static String instanceOf(String json) {
    return JsonParser.parseString(json) instanceof JsonObject change && change.has("instance")
        ? change.get("instance").toString()
        : "{}";
  }

  /** Prints the changes of one instance. Returns when it is deleted. */
  void follow(String id) {
    while (true) {
      var revision = revisions.getOrDefault(id, 0);
      try (var stream = instances.watch(id, revision, OPEN_LIMIT)) {
        for (var json = next(stream); !json.isEmpty(); json = next(stream)) {
          var instance = Reply.parse(json, Instance.getDefaultInstance());
          print(instance, json);
          if (instance.getStatus() == Instance.Status.terminated) return;
        }
      }
      pause();
    }
  }

  private void print(Instance instance, String json) {
    var shown = revisions.put(instance.getId(), instance.getRevision());
    boolean isKnown = shown != null && shown >= instance.getRevision();
    if (isKnown || !selected.test(instance)) return;
    if (isJson) {
      output.json(json);
    } else {
      output.line(Printable.line(InstanceText.change(instance, Instant.now())));
    }
    output.flush();
  }

  /** Returns the next event; empty if the stream ended, or was silent for too long. */
  private static String next(EventStream stream) {
    return stream.poll(InstanceWait.SILENCE_LIMIT) instanceof Part.Data(var json) ? json : "";
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException interrupted) {
      throw CommandException.interrupted(interrupted);
    }
  }
}
