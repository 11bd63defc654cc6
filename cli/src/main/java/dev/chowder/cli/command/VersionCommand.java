package dev.chowder.cli.command;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.chowder.cli.output.Fields;
import dev.chowder.client.Call;
import dev.chowder.client.Reply;
import picocli.CommandLine.Command;

/** The command {@code version}: the versions of this program and of the server's API. */
@Command(name = "version", description = "Show the versions of this program and of the server")
public final class VersionCommand extends ApiCommand implements Runnable {
  @Override
  public void run() {
    new Fields().add("client", RootCommand.number()).print(output());
    output().flush();
    // The document needs no key.
    try (var api = invocation().client(invocation().serverWithoutKey())) {
      var document = api.send(Call.get("/v1/openapi.json"));
      new Fields().add("server", server(document)).print(output());
    }
  }

  /** Returns the version in the OpenAPI document. */
  private static String server(Reply reply) {
    if (JsonParser.parseString(reply.json()) instanceof JsonObject document
        && document.get("info") instanceof JsonObject info
        && info.has("version")) {
      return info.get("version").getAsString();
    }
    throw Reply.unreadable(new IllegalStateException("no version"));
  }
}
