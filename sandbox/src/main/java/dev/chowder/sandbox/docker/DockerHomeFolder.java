package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.docker.FileProgram.FromProgram;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Accesses files through {@code files.cjs}, which runs each request with the sandbox's own rights.
 * The folder's content is untrusted, so names in responses are validated again.
 */
record DockerHomeFolder(
    DockerApi engine,
    DockerSandboxSettings settings,
    DockerFilesContainer container,
    SandboxId id,
    FilePath folder)
    implements HomeFolder {
  private static final int CHUNK = 128 * 1024;
  private static final int TRIES = 5;

  @Override
  public Listing list(FilePath path, String after, int limit, int most) {
    var request = Map.of("path", path.names(), "after", after, "limit", limit, "most", most);
    return run(
        "list",
        request,
        program -> {
          List<Entry> entries = new ArrayList<>();
          int omitted = 0;
          var frame = next(program);
          for (; frame.kind() == 'H'; frame = next(program)) {
            var json = frame.json();
            var below = below(path, json.path("name").asText());
            if (below.isEmpty()) omitted++;
            below.ifPresent(one -> entries.add(entry(one, json)));
          }
          var end = frame.json();
          return new Listing(
              entries, end.path("more").asText(), omitted + end.path("omitted").asInt());
        });
  }

  @Override
  public void read(FilePath file, long most, Reader reader) {
    run(
        "read",
        Map.of("path", file.names(), "most", most),
        program -> {
          var part = checked(() -> reader.begin(entry(file, next(program).json())));
          program.send('Q', Map.of("offset", part.offset(), "length", part.length()));
          for (var frame = next(program); frame.kind() == 'D'; frame = next(program)) {
            var bytes = frame.bytes();
            checked(
                () -> {
                  reader.content(bytes);
                  return bytes;
                });
          }
          return file;
        });
  }

  @Override
  public long write(Content content) {
    return run(
        "write",
        Map.of(),
        program -> {
          var target = checked(() -> content.writeTo(new Sent(program)));
          program.send('E', Map.of("path", target.names()));
          return next(program).json().path("size").asLong();
        });
  }

  @Override
  public void move(FilePath source, FilePath destination, boolean overwrite) {
    execute(
        "move",
        Map.of(
            "source", source.names(), "destination", destination.names(), "overwrite", overwrite));
  }

  @Override
  public void delete(FilePath path, boolean recursive) {
    execute("erase", Map.of("path", path.names(), "recursive", recursive));
  }

  @Override
  public void makeFolder(FilePath path) {
    execute("mkdir", Map.of("path", path.names()));
  }

  @Override
  public Count readTree(Tree to) {
    return run(
        "exported",
        Map.of(),
        program -> {
          var frame = next(program);
          for (; frame.kind() != 'E'; frame = next(program)) {
            var now = frame;
            checked(
                () -> {
                  if (now.kind() == 'H') {
                    var json = now.json();
                    to.entry(entry(FilePath.parse(json.path("path").asText()), json));
                  } else {
                    to.content(now.bytes());
                  }
                  return now;
                });
          }
          return count(frame.json());
        });
  }

  @Override
  public Count writeTree(TreeContent from) {
    return run(
        "imported",
        Map.of(),
        program -> {
          checked(
              () -> {
                from.writeTo(new SentTree(program));
                return id;
              });
          program.send('E', Map.of());
          return count(next(program).json());
        });
  }

  private void execute(String operation, Map<String, Object> request) {
    run(operation, request, DockerHomeFolder::next);
  }

  private <T> T run(
      String operation, Map<String, ?> request, Function<FileProgram, T> conversation) {
    try (var program = startProgram()) {
      program.send(
          'Q',
          with(
              request,
              Map.of(
                  "does", operation, "home", DockerContainerSpec.HOME, "folder", folder.names())));
      return conversation.apply(program);
    }
  }

  private static Map<String, Object> with(Map<String, ?> some, Map<String, ?> others) {
    var all = new HashMap<String, Object>(some);
    all.putAll(others);
    return all;
  }

  private FileProgram startProgram() {
    for (int tries = 1; ; tries++) {
      try {
        return FileProgram.run(engine, container.ensure(id), settings.filesStallTimeout());
      } catch (SandboxException ended) {
        if (tries == TRIES || !DockerFilesContainer.lostRace(ended)) throw ended;
      }
    }
  }

  private static FromProgram next(FileProgram program) {
    var frame = program.next();
    if (frame.kind() == 'X') throw refused(frame.json());
    return frame;
  }

  private interface Step<T> {
    T take() throws IOException;
  }

  private static <T> T checked(Step<T> step) {
    try {
      return step.take();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the path; empty if it is too long or too deep. */
  private static Optional<FilePath> below(FilePath folder, String name) {
    try {
      return Optional.of(FilePath.parse(folder.isRoot() ? name : folder + "/" + name));
    } catch (FileRefused none) {
      return Optional.empty();
    }
  }

  private static Entry entry(FilePath path, JsonNode json) {
    var kind =
        switch (json.path("kind").asText()) {
          case "file" -> Kind.FILE;
          case "folder" -> Kind.FOLDER;
          case "link" -> Kind.LINK;
          default -> Kind.OTHER;
        };
    return new Entry(
        path,
        kind,
        kind == Kind.FILE ? json.path("size").asLong() : 0,
        Instant.ofEpochMilli(json.path("modified").asLong()),
        json.path("mode").asInt());
  }

  private static Count count(JsonNode json) {
    return new Count(
        json.path("files").asInt(), json.path("folders").asInt(), json.path("omitted").asInt());
  }

  private static RuntimeException refused(JsonNode why) {
    var path = FilePath.ROOT.toString();
    if (!why.path("path").asText().isEmpty()) path = why.path("path").asText();
    long most = why.path("limit").asLong();
    return switch (why.path("reason").asText()) {
      case "NOT_FOUND" -> FileRefused.notFound(path);
      case "EXISTS" -> FileRefused.exists(path);
      case "NOT_EMPTY" -> FileRefused.notEmpty(path);
      case "LINK" -> FileRefused.link(path);
      case "FOLDER" -> FileRefused.folder(path);
      case "NOT_FOLDER" -> FileRefused.noFolder(path);
      case "SPECIAL" -> FileRefused.special(path);
      case "DENIED" -> FileRefused.denied(path);
      case "INTO_ITSELF" -> FileRefused.intoItself(path);
      case "TOO_DEEP" -> FileRefused.tooDeep(path, most);
      case "TOO_MANY" -> FileRefused.tooMany(path, most);
      case "TOO_LARGE" -> FileRefused.tooLarge(path, why.path("size").asLong(), most);
      case "NO_SPACE" -> FileRefused.noSpace();
      default ->
          new SandboxException(
              SandboxException.Reason.REFUSED,
              cannot(
                  "access the file",
                  why.path("code").asText() + " " + why.path("message").asText()));
    };
  }

  /** Sends content to the program, unless it already rejected the content. */
  private static void send(FileProgram program, ByteString bytes) {
    throwIfRejected(program);
    for (int sent = 0; sent < bytes.size(); sent += CHUNK) {
      program.send('D', bytes.substring(sent, Math.min(bytes.size(), sent + CHUNK)));
    }
  }

  private static void throwIfRejected(FileProgram program) {
    var frame = program.peek();
    if (frame != null && frame.kind() == 'X') throw refused(frame.json());
  }

  private static final class Sent extends OutputStream {
    private final FileProgram program;

    Sent(FileProgram program) {
      this.program = program;
    }

    @Override
    public void write(int one) {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      send(program, ByteString.copyFrom(bytes, from, length));
    }
  }

  private record SentTree(FileProgram program) implements Tree {
    @Override
    public void entry(Entry entry) {
      throwIfRejected(program);
      program.send(
          'F',
          Map.of(
              "path", entry.path().names(),
              "kind", entry.kind() == Kind.FOLDER ? "folder" : "file",
              "mode", entry.mode(),
              "modified", entry.modified().toEpochMilli()));
    }

    @Override
    public void content(ByteString bytes) {
      send(program, bytes);
    }
  }
}
