package dev.chowder.cli.command;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Table;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.Contexts;
import dev.chowder.client.context.Key;
import dev.chowder.client.context.ServerUrl;
import dev.chowder.client.context.TlsFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code context}: the servers that the user works with. */
@Command(name = "context", description = "Add, choose and remove servers and their keys")
public final class ContextCommand extends ApiCommand {
  @Command(description = "Add a server; reads its key from standard input or a file")
  void add(
      @Parameters(paramLabel = "NAME", description = "name of the new context") String name,
      @Parameters(paramLabel = "URL", description = "such as https://chowder.example.com")
          String url,
      @Option(
              names = "--key-file",
              paramLabel = "FILE",
              description = "file with the key; standard input without it")
          @Nullable Path keyFile,
      @Mixin TlsOptions tls,
      @Option(names = "--use", description = "also make it the current context") boolean use,
      @Option(names = "--replace", description = "replace the context of that name and its key")
          boolean replace) {
    // Before the key is read, so that a wrong name does not wait for it.
    Context.checkNewName(name);
    if (!replace) checkIsNew(invocation().contextFile().load(), name);
    var context = context(name, url, keyFile, tls.files());
    store(
        context,
        use,
        contexts -> {
          if (!replace) checkIsNew(contexts, name);
        });
  }

  /** The key of an existing context would be lost. */
  private static void checkIsNew(Contexts contexts, String name) {
    if (contexts.find(name).isEmpty()) return;
    throw ExitCode.USAGE.failure(
        "context: must be a new name; got %s; to replace it and its key, use --replace"
            .formatted(name));
  }

  private Context context(String name, String url, @Nullable Path keyFile, TlsFiles tls) {
    var parsed = ServerUrl.parse(url, "URL");
    var source = keyFile == null ? "standard input" : keyFile.toString();
    var key = Key.of(Secrets.read(invocation(), keyFile, "Key"), source);
    return Context.named(name, parsed, key, tls);
  }

  @Command(name = "ls", description = "List the contexts; * marks the current one")
  void list(@Mixin OutputFormat format) {
    var current = invocation().contexts().currentName();
    var contexts = new ArrayList<Context>();
    contexts.add(invocation().contexts().withoutKey(Context.LOCAL));
    contexts.addAll(invocation().contextFile().load().byName().values());
    if (format.print(output(), json(contexts, current).toString())) return;
    var table = new Table("", "NAME", "URL", "CA", "CLIENT CERTIFICATE");
    for (var one : contexts) {
      table.row(
          one.name().equals(current) ? "*" : " ",
          one.name(),
          one.url().toString(),
          text(one.tls().ca()),
          text(one.tls().clientCertificate()));
    }
    table.print(output());
  }

  /** Returns the contexts without their keys, in the form of the API's lists. */
  private static JsonObject json(List<Context> contexts, String current) {
    var all = new JsonArray();
    for (var one : contexts) {
      var context = new JsonObject();
      context.addProperty("name", one.name());
      context.addProperty("url", one.url().toString());
      context.addProperty("current", one.name().equals(current));
      if (one.tls().ca() != null) context.addProperty("ca", text(one.tls().ca()));
      if (one.tls().clientCertificate() != null) {
        context.addProperty("client_certificate", text(one.tls().clientCertificate()));
      }
      all.add(context);
    }
    var json = new JsonObject();
    json.add("contexts", all);
    return json;
  }

  private static String text(@Nullable Path file) {
    return file == null ? "" : file.toString();
  }

  @Command(description = "Make a context the current one")
  void use(
      @Parameters(
              paramLabel = "NAME",
              completionCandidates = Candidates.Contexts.class,
              description = "name of a context")
          String name) {
    invocation().contextFile().update(contexts -> existing(contexts, name).use(name));
  }

  @Command(name = "rm", description = "Remove a context and its key")
  void remove(
      @Parameters(
              paramLabel = "NAME",
              completionCandidates = Candidates.Contexts.class,
              description = "name of a context")
          String name) {
    if (name.equals(Context.LOCAL)) {
      throw ExitCode.USAGE.failure(
          "context: must not be local, which has no entry; nothing was removed");
    }
    invocation().contextFile().update(contexts -> existing(contexts, name).without(name));
  }

  private static Contexts existing(Contexts contexts, String name) {
    if (name.equals(Context.LOCAL) || contexts.find(name).isPresent()) return contexts;
    throw ExitCode.NOT_FOUND.failure("context: must be one of \"chowder context ls\"; got " + name);
  }
}
