package dev.chowder.cli.output;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import org.jspecify.annotations.Nullable;

/** Reads JSON as RFC 8259 defines it. Gson accepts much more by default, such as a bare word. */
public final class StrictJson {
  private StrictJson() {}

  /** Returns the value of a document; absent if the text is none. */
  public static @Nullable JsonElement parse(String text) {
    // For Gson, nothing is null.
    if (text.isBlank()) return null;
    try (var reader = new JsonReader(new StringReader(text))) {
      reader.setStrictness(Strictness.STRICT);
      var value = JsonParser.parseReader(reader);
      return reader.peek() == JsonToken.END_DOCUMENT ? value : null;
    } catch (IOException | JsonParseException notJson) {
      return null;
    }
  }
}
