package dev.chowder.client;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import dev.chowder.client.failure.ClientException;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * The items of several pages of a list.
 *
 * @param first the first page, with its other fields
 * @param field the field of the response that has the items
 * @param nextPageToken empty if there are no more items
 */
public record Paged(JsonObject first, String field, JsonArray items, String nextPageToken) {
  /** Small, because an instance may have 256 KiB of configuration. */
  private static final int MAX_PAGE = 100;

  private static final String NEXT = "next_page_token";

  /** Protects from a server whose pages never end. */
  private static final int MAX_PAGES = 10_000;

  /**
   * Reads pages of at most 100 items until there are no more, or until this many items.
   *
   * @param call the call of the list, without a page
   * @param field such as {@code instances}
   * @throws ClientException if a call fails, or if a page is not what the API defines
   */
  public static Paged read(Api api, Call call, String field, int limit) {
    var all = new JsonArray();
    var first = new JsonObject();
    var token = "";
    for (int page = 0; page < MAX_PAGES; page++) {
      var next = call.with("page_size", Integer.toString(Math.min(MAX_PAGE, limit - all.size())));
      if (!token.isEmpty()) next = next.with("page_token", token);
      var response = object(api.send(next));
      if (page == 0) first = response;
      token = add(response, field, all);
      if (token.isEmpty() || all.size() >= limit) break;
    }
    return new Paged(first, field, all, token);
  }

  private static JsonObject object(Reply reply) {
    try {
      return JsonParser.parseString(reply.json()).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException invalid) {
      throw Reply.unreadable(invalid);
    }
  }

  /** Adds the items of a page and returns the token of the next one. */
  private static String add(JsonObject page, String field, JsonArray all) {
    try {
      if (page.has(field)) all.addAll(page.getAsJsonArray(field));
      return page.has(NEXT) ? page.get(NEXT).getAsString() : "";
    } catch (IllegalStateException | ClassCastException | UnsupportedOperationException invalid) {
      throw Reply.unreadable(invalid);
    }
  }

  /** Returns whether the server has more items than were read. */
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
    first.asMap().forEach(response::add);
    response.add(field, items);
    response.addProperty(NEXT, nextPageToken);
    return response.toString();
  }
}
