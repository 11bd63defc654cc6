package dev.chowder.cli.command;

import com.google.protobuf.Message;
import dev.chowder.cli.output.Output;
import dev.chowder.cli.output.Printable;
import dev.chowder.client.Api;
import dev.chowder.client.Call;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.Contexts;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command below {@link ChowderCommand}, which has the invocation. */
public abstract class ApiCommand {
  @Spec private CommandSpec spec = CommandSpec.create();

  protected final Invocation invocation() {
    return ((ChowderCommand) spec.root().userObject()).invocation();
  }

  protected final Api api() {
    return invocation().api();
  }

  protected final Output output() {
    return invocation().output();
  }

  /** Tells the user something that is no result. */
  protected final void say(String sentence) {
    invocation().notices().say(sentence);
  }

  /** Prints a line that may have control characters, which are escaped. */
  protected final void print(String line) {
    output().line(Printable.line(line));
  }

  /** Sends a call, and prints its response as JSON or for people. */
  protected final <T extends Message> void show(
      Call call, OutputFormat format, T type, Consumer<T> forPeople) {
    var reply = api().send(call);
    if (!format.print(output(), reply.json())) forPeople.accept(reply.as(type));
  }

  /** Stores a context if the check of those that exist permits it, and warns if it has no TLS. */
  protected final void store(Context context, boolean use, Consumer<Contexts> check) {
    if (context.isExposed()) {
      say(
          "chowder: the key for %s crosses the network unencrypted; use https if you can"
              .formatted(context.url()));
    }
    invocation()
        .contextFile()
        .update(
            contexts -> {
              check.accept(contexts);
              var all = contexts.with(context);
              return use ? all.use(context.name()) : all;
            });
  }
}
