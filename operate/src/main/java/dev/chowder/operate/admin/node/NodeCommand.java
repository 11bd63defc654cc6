package dev.chowder.operate.admin.node;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.cli.output.Table;
import dev.chowder.client.Reply;
import dev.chowder.operate.command.OperatorCommand;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** Prints the results of calls, and asks before a loss, for all commands that call nodes. */
abstract class NodeCommand extends OperatorCommand {
  /** Maximum size of a page of the operator API. */
  private static final int MAX_PAGE = 1000;

  /** Prints a line on standard output. */
  final void line(String safe) {
    invocation().output().line(safe);
  }

  final void print(Table table) {
    table.print(invocation().output());
  }

  /** Does the same as {@link #call}, for a caller that needs no response. */
  final <T extends Message> void show(
      CallOptions options, Message request, T type, Consumer<T> forPeople) {
    var _ = call(options, request, type, forPeople);
  }

  /**
   * Calls the RPC of a request. Prints the JSON of its response, or passes the message to {@code
   * forPeople}.
   *
   * @param type of the response
   */
  final <T extends Message> T call(
      CallOptions options, Message request, T type, Consumer<T> forPeople) {
    return print(options.nodes(invocation()).call(request), options, type, forPeople);
  }

  /**
   * Calls the RPC of a list for one page after another, and returns up to {@code limit} entries as
   * one response.
   *
   * @param field the field of the response with the entries
   * @param request returns the request for a page of a size with a token
   */
  final Reply pages(
      CallOptions options, int limit, String field, BiFunction<Integer, String, Message> request) {
    var nodes = options.nodes(invocation());
    var entries = new JsonArray();
    var token = "";
    do {
      int size = Math.min(MAX_PAGE, limit - entries.size());
      var page =
          JsonParser.parseString(nodes.call(request.apply(size, token)).json()).getAsJsonObject();
      entries.addAll(page.getAsJsonArray(field));
      token = page.get("next_page_token").getAsString();
    } while (!token.isEmpty() && entries.size() < limit);
    var all = new JsonObject();
    all.add(field, entries);
    all.addProperty("next_page_token", token);
    return new Reply(all.toString());
  }

  /** Prints the JSON of a response, or passes its message to {@code forPeople}. */
  final <T extends Message> T print(
      Reply reply, CallOptions options, T type, Consumer<T> forPeople) {
    var response = reply.as(type);
    if (options.isJson()) {
      invocation().output().json(reply.json());
    } else {
      forPeople.accept(response);
    }
    return response;
  }

  /** Returns if the operator agrees. */
  final void confirm(Confirmation confirmation, String question) {
    confirmation.require(invocation(), question);
  }
}
