package dev.chowder.cli.command;

import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.output.Notices;
import dev.chowder.client.Api;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.ContextFile;
import dev.chowder.client.context.ContextResolver;
import org.jspecify.annotations.Nullable;

/** One run of the command line: its streams, and the server that its options select. */
public final class Invocation extends Console implements AutoCloseable {
  private @Nullable String contextOption;
  private boolean isDebug;
  private @Nullable Api api;

  public Invocation(Environment environment) {
    super(environment, new Notices(environment.errors(), environment.terminals().errors()));
  }

  /** Sets the name of the context that the user gave. */
  public void choose(String context) {
    contextOption = context;
  }

  /** Sets whether each call is printed. */
  void debug(boolean on) {
    isDebug = on;
  }

  /** Returns the client of the selected server. */
  public Api api() {
    if (api == null) api = client(context());
    return api;
  }

  /** Returns a new client of a server, which the caller closes. */
  public Api client(Context server) {
    return new Api(
        server,
        ClientFailure.notices(notices()::say),
        isDebug ? ClientFailure.trace(notices()::say) : _ -> {});
  }

  public ContextFile contextFile() {
    return ContextFile.of(environment().variables());
  }

  public ContextResolver contexts() {
    return new ContextResolver(environment().variables(), contextFile());
  }

  /** Returns the selected server, for a call without a key. */
  public Context serverWithoutKey() {
    return contexts().withoutKey(contextOption);
  }

  private Context context() {
    return contexts().resolve(contextOption);
  }

  /** Ends the client of the server, if a command used it. */
  @Override
  public void close() {
    if (api != null) api.close();
  }
}
