package dev.chowder.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

/** Objects of requests. */
public final class Json {
  private Json() {}

  /** Returns an object with one text. */
  public static JsonObject of(String name, String value) {
    return of(name, new JsonPrimitive(value));
  }

  /** Returns an object with one value. */
  public static JsonObject of(String name, JsonElement value) {
    var object = new JsonObject();
    object.add(name, value);
    return object;
  }
}
