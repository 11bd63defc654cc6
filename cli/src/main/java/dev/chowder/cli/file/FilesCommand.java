package dev.chowder.cli.file;

import dev.chowder.api.v1.FileEntry;
import dev.chowder.api.v1.ImportFilesResponse;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Call;
import dev.chowder.client.Paged;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code files}: the workspace of an agent. */
@Command(name = "files", description = "Read and write the files of an agent's workspace")
public final class FilesCommand extends ApiCommand {
  private static final String TAR = "application/x-tar";
  private static final String BYTES = "application/octet-stream";

  @Command(name = "ls", description = "List the entries of a folder")
  void list(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "PATH",
              arity = "0..1",
              description = "path of the folder (default: the workspace)")
          @Nullable String path,
      @Mixin OutputFormat format) {
    var call = Call.get(path(instance));
    if (path != null) call = call.with("path", path);
    var entries = Paged.read(api(), call, "entries", Limits.MAX);
    if (format.print(output(), entries.json())) return;
    var table = new Table("PERMISSIONS", "SIZE", "CHANGED", "NAME");
    for (var entry : entries.as(FileEntry.getDefaultInstance())) {
      table.row(
          entry.getPermissions(),
          Long.toString((long) entry.getSize()),
          entry.hasModTime() ? Times.text(entry.getModTime()) : "",
          entry.getName() + (entry.getIsDir() ? "/" : ""));
    }
    table.print(output());
  }

  @Command(description = "Download a file")
  void get(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "PATH", description = "path in the workspace")
          String path,
      @Parameters(
              index = "2",
              paramLabel = "FILE",
              arity = "0..1",
              description = "file or folder to write to (default: here; - for standard output)")
          @Nullable String file) {
    var call = Call.get(path(instance) + "/download").with("path", path);
    local().download(call, path, file == null ? "." : file);
  }

  @Command(description = "Upload a file; an existing one is replaced")
  void put(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "FILE",
              description = "file to read; - for standard input")
          String file,
      @Parameters(
              index = "2",
              paramLabel = "PATH",
              arity = "0..1",
              description = "path in the workspace (default: the same name)")
          @Nullable String path) {
    if (path == null && file.equals(LocalFiles.STANDARD)) {
      throw ExitCode.USAGE.failure("PATH: must be given for standard input; name a path");
    }
    var target = path == null ? String.valueOf(Path.of(file).getFileName()) : path;
    var _ =
        local()
            .upload(
                Call.again("POST", path(instance) + "/upload").with("path", target), file, BYTES);
  }

  @Command(description = "Create a folder and the missing folders of its path")
  void mkdir(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "PATH", description = "path in the workspace")
          String path) {
    var request = Json.of("path", path);
    var _ = api().send(Call.post(path(instance) + "/mkdir").json(request.toString()));
  }

  @Command(name = "mv", description = "Move a file or folder")
  void move(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "FROM", description = "current path") String source,
      @Parameters(index = "2", paramLabel = "TO", description = "new path") String destination,
      @Option(names = "--overwrite", description = "replace a file or an empty folder")
          boolean overwrite) {
    var request = Json.of("source", source);
    request.addProperty("destination", destination);
    if (overwrite) request.addProperty("overwrite", true);
    var _ = api().send(Call.post(path(instance) + "/move").json(request.toString()));
  }

  @Command(name = "rm", description = "Delete a file or a folder")
  void remove(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "PATH", description = "path in the workspace")
          String path,
      @Option(
              names = {"-r", "--recursive"},
              description = "delete a folder with all its entries")
          boolean recursive,
      @Mixin Confirmation confirmation) {
    if (recursive) {
      confirmation.require(invocation(), "Delete %s with all its entries?".formatted(path));
    }
    var call = Call.delete(path(instance)).with("path", path);
    var _ = api().send(recursive ? call.with("recursive", "true") : call);
  }

  @Command(description = "Write all files of the workspace to a tar")
  void export(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "FILE",
              description = "tar to write; - for standard output")
          String file) {
    local().download(Call.get(path(instance) + "/export"), "workspace.tar", file);
  }

  @Command(name = "import", description = "Read the files of a tar into the workspace")
  void importTar(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "FILE",
              description = "tar to read; - for standard input")
          String file,
      @Mixin OutputFormat format) {
    var reply = local().upload(Call.again("POST", path(instance) + "/import"), file, TAR);
    if (format.print(output(), reply.json())) return;
    var imported = reply.as(ImportFilesResponse.getDefaultInstance());
    say(
        "Imported %d files and %d folders."
            .formatted(imported.getFileCount(), imported.getFolderCount()));
  }

  private LocalFiles local() {
    return new LocalFiles(invocation());
  }

  private String path(InstanceArgument instance) {
    return instance.path(api()) + "/files";
  }
}
