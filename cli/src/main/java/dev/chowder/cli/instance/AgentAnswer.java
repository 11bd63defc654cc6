package dev.chowder.cli.instance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import org.jspecify.annotations.Nullable;

/** Reads responses of agents, in the format of OpenResponses. An agent may send anything. */
final class AgentAnswer {
  static final String NO_JSON = "the agent's response is no JSON";

  private AgentAnswer() {}

  /** The meaning of one event of a streamed response. */
  sealed interface Event {
    /** The next part of the text. */
    record Text(String part) implements Event {}

    /** The response is complete. */
    record Completed(String wholeText) implements Event {}

    /** The agent failed. */
    record Failed(String message) implements Event {}

    /** An event that adds nothing to the text. */
    record Other() implements Event {}
  }

  static Event event(String json) {
    var event = object(json);
    if (event == null) return new Event.Other();
    return switch (text(event, "type")) {
      case "response.output_text.delta", "response.refusal.delta" ->
          new Event.Text(text(event, "delta"));
      case "response.completed" -> new Event.Completed(wholeText(object(event.get("response"))));
      case "response.failed", "response.incomplete", "error" -> new Event.Failed(failure(event));
      default -> new Event.Other();
    };
  }

  /** Returns why a whole response is none; empty if it is one. */
  static String failureOf(String json) {
    var response = object(json);
    if (response == null) return NO_JSON;
    return switch (text(response, "status")) {
      case "failed", "incomplete", "cancelled" -> failure(response);
      default -> "";
    };
  }

  private static String failure(JsonObject event) {
    var response = object(event.get("response"));
    var error = object((response == null ? event : response).get("error"));
    var message = error == null ? text(event, "message") : text(error, "message");
    return message.isEmpty() ? "the agent gave no reason" : message;
  }

  /** Returns the texts of all messages of a response. */
  private static String wholeText(@Nullable JsonObject response) {
    var all = new StringBuilder();
    if (response == null) return "";
    for (var item : array(response.get("output"))) {
      if (!(item instanceof JsonObject message)) continue;
      for (var part : array(message.get("content"))) {
        if (part instanceof JsonObject content) all.append(text(content, "text"));
      }
    }
    return all.toString();
  }

  private static JsonArray array(@Nullable JsonElement element) {
    return element instanceof JsonArray array ? array : new JsonArray();
  }

  private static @Nullable JsonObject object(@Nullable JsonElement element) {
    return element instanceof JsonObject object ? object : null;
  }

  private static @Nullable JsonObject object(String json) {
    try {
      return object(JsonParser.parseString(json));
    } catch (JsonParseException notJson) {
      return null;
    }
  }

  private static String text(JsonObject object, String name) {
    var value = object.get(name);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
  }
}
