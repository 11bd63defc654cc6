package dev.chowder.cli.organization;

import dev.chowder.api.v1.SignUpResponse;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.TlsOptions;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Call;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.Contexts;
import dev.chowder.client.context.Key;
import dev.chowder.client.context.ServerUrl;
import dev.chowder.client.failure.ClientException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code sign-up}. */
@Command(
    name = "sign-up",
    description = "Create an organization, store its key in a new context, and print its id",
    footer = {"", "Example: chowder sign-up my-team --url https://chowder.example.com --use"})
public final class SignUpCommand extends ApiCommand implements Runnable {
  @Parameters(paramLabel = "NAME", description = "name of the new organization")
  private String name = "";

  @Option(
      names = "--save-as",
      paramLabel = "CONTEXT",
      description = "name of the new context (default: the name of the organization)")
  private @Nullable String saveAs;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "URL of the server (default: that of the selected context)")
  private @Nullable String url;

  @Mixin private TlsOptions tls = new TlsOptions();

  @Option(names = "--use", description = "also make it the current context")
  private boolean use;

  @Override
  public void run() {
    var contextName = saveAs == null ? name : saveAs;
    // Before the call, because the key is shown only once.
    Context.checkNewName(contextName);
    checkIsNew(invocation().contextFile().load(), contextName);
    invocation().contextFile().update(contexts -> contexts);
    var server = server();
    var request = Json.of("name", name);
    SignUpResponse response;
    try (var api = invocation().client(server)) {
      var call = Call.postOnce("/v1/organization/signup").json(request.toString());
      response = api.send(call).as(SignUpResponse.getDefaultInstance());
    }
    keep(contextName, server, response.getApiKey());
    print(response.getOrganization().getId());
    say("The key of %s is in the context %s.".formatted(name, contextName));
  }

  private Context server() {
    if (url == null && tls.isEmpty()) return invocation().serverWithoutKey();
    if (url == null) {
      throw ExitCode.USAGE.failure("--url: must be given with --ca and certificates");
    }
    return new Context(name, ServerUrl.parse(url, "--url"), null, tls.files());
  }

  private void keep(String contextName, Context server, String key) {
    try {
      var context =
          Context.named(contextName, server.url(), Key.of(key, "the response"), server.tls());
      store(context, use, contexts -> checkIsNew(contexts, contextName));
    } catch (CommandException | ClientException failed) {
      print(key);
      throw ExitCode.FAILED.failure(
          "the organization has no context: %s; the key on standard output is shown only once, so store it"
              .formatted(ClientFailure.message(failed)),
          failed);
    }
  }

  /** The key of an existing context would be lost. */
  private static void checkIsNew(Contexts contexts, String name) {
    if (contexts.find(name).isEmpty()) return;
    throw ExitCode.USAGE.failure(
        "context: must be a new name; got %s; choose one with --save-as".formatted(name));
  }
}
