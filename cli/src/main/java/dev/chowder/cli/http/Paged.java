package dev.chowder.cli.http;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * The items of several pages of a list.
 *
 * @param field the field of the response that has the items
 * @param nextPageToken empty if there are no more items
 */
public record Paged(String field, JsonArray items, String nextPageToken) {
  /** Small, because an instance may have 256 KiB of configuration. */
  private static final int MAX_PAGE = 100;

  /** Protects from a server whose pages never end. */
  private static final int MAX_PAGES = 10_000;

  /** Reads pages until there are no more, or until this many items. */
  public static Paged read(Api api, Call call, String field, int limit) {
    var all = new JsonArray();
    var token = "";
    for (int page = 0; page < MAX_PAGES; page++) {
      var next = call.with("page_size", Integer.toString(Math.min(MAX_PAGE, limit - all.size())));
      if (!token.isEmpty()) next = next.with("page_token", token);
      token = add(api.send(next).json(), field, all);
      if (token.isEmpty() || all.size() >= limit) break;
    }
    return new Paged(field, all, token);
  }

  /** Adds the items of a page and returns the token of the next one. */
  private static String add(String json, String field, JsonArray all) {
    try {
      var page = JsonParser.parseString(json).getAsJsonObject();
      if (page.has(field)) all.addAll(page.getAsJsonArray(field));
      return page.has("next_page_token") ? page.get("next_page_token").getAsString() : "";
    } catch (JsonParseException
        | IllegalStateException
        | ClassCastException
        | UnsupportedOperationException invalid) {
      throw Reply.unreadable(invalid);
    }
  }

  public boolean hasMore() {
    return !nextPageToken.isEmpty();
  }

  /** Returns the items as messages. */
  public <T extends Message> List<T> as(T type) {
    return StreamSupport.stream(items.spliterator(), false)
        .map(item -> Reply.parse(item.toString(), type))
        .toList();
  }

  /** Returns all items as one response of the API. */
  public String json() {
    var response = new JsonObject();
    response.add(field, items);
    response.addProperty("next_page_token", nextPageToken);
    return response.toString();
  }
}
