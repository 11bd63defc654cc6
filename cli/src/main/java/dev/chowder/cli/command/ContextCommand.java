package dev.chowder.cli.command;

import dev.chowder.cli.context.Context;
import dev.chowder.cli.context.Contexts;
import dev.chowder.cli.context.Key;
import dev.chowder.cli.context.ServerUrl;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Table;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code context}: the servers that the user works with. */
@Command(
    name = "context",
    description = "Add, choose and remove servers and their keys",
    synopsisSubcommandLabel = "COMMAND")
public final class ContextCommand {
  private final Invocation invocation;

  public ContextCommand(Invocation invocation) {
    this.invocation = invocation;
  }

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
      @Option(
              names = "--ca",
              paramLabel = "FILE",
              description = "PEM file of the CA that signed the server's certificate")
          @Nullable Path ca,
      @Option(names = "--use", description = "also make it the current context") boolean use) {
    var context = context(name, url, keyFile, ca);
    if (context.isExposed()) {
      invocation
          .notices()
          .say(
              "chowder: the key for %s crosses the network unencrypted; use https if you can"
                  .formatted(context.url()));
    }
    invocation
        .contextFile()
        .update(
            contexts -> {
              var all = contexts.with(context);
              return use ? all.use(name) : all;
            });
  }

  private Context context(String name, String url, @Nullable Path keyFile, @Nullable Path ca) {
    if (name.equals(Context.LOCAL)) {
      throw new CommandException(
          ExitCode.USAGE,
          "context: must not be local, the installation on this machine; choose another name");
    }
    // Before the key is read, so that a wrong name does not wait for it.
    Context.checkName(name);
    var parsed = ServerUrl.parse(url, "URL");
    var source = keyFile == null ? "standard input" : keyFile.toString();
    var key = Key.of(Secrets.read(invocation, keyFile, "Key"), source);
    return Context.named(name, parsed, key, ca == null ? null : ca.toAbsolutePath());
  }

  @Command(name = "ls", description = "List the contexts; * marks the current one")
  void list() {
    var current = invocation.contexts().currentName();
    var table = new Table("", "NAME", "URL", "CA");
    addRow(table, current, Context.LOCAL, invocation.contexts().localUrl().toString(), null);
    invocation
        .contextFile()
        .load()
        .byName()
        .values()
        .forEach(one -> addRow(table, current, one.name(), one.url().toString(), one.ca()));
    table.lines().forEach(invocation.output()::line);
  }

  private static void addRow(
      Table table, String current, String name, String url, @Nullable Path ca) {
    table.row(name.equals(current) ? "*" : " ", name, url, ca == null ? "" : ca.toString());
  }

  @Command(description = "Make a context the current one")
  void use(@Parameters(paramLabel = "NAME", description = "name of a context") String name) {
    invocation.contextFile().update(contexts -> existing(contexts, name).use(name));
  }

  @Command(name = "rm", description = "Remove a context and its key")
  void remove(@Parameters(paramLabel = "NAME", description = "name of a context") String name) {
    if (name.equals(Context.LOCAL)) {
      throw new CommandException(
          ExitCode.USAGE, "context: must not be local, which has no entry; nothing was removed");
    }
    invocation.contextFile().update(contexts -> existing(contexts, name).without(name));
  }

  private static Contexts existing(Contexts contexts, String name) {
    if (name.equals(Context.LOCAL) || contexts.find(name).isPresent()) return contexts;
    throw new CommandException(
        ExitCode.NOT_FOUND, "context: must be one of \"chowder context ls\"; got " + name);
  }
}
