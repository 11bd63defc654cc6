package dev.chowder.cli.file;

import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.Interruption;
import dev.chowder.cli.failure.OutputClosedException;
import dev.chowder.client.Call;
import dev.chowder.client.Reply;
import dev.chowder.client.failure.IoCause;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.UUID;

/** Copies bytes between files of the user and the API. A download that fails leaves no file. */
record LocalFiles(Invocation invocation) {
  /** The name of standard input and output. */
  static final String STANDARD = "-";

  /** A large file on a slow connection. The server ends uploads that stall. */
  private static final Duration UPLOAD_LIMIT = Duration.ofHours(6);

  /**
   * Writes the response of a call to a file, which is complete or is not there.
   *
   * @param source the path of what is downloaded; its name is used if the file is a folder
   */
  void download(Call call, String source, String file) {
    try {
      if (file.equals(STANDARD)) {
        print(call);
      } else {
        write(call, target(source, file));
      }
    } catch (IOException failed) {
      if (String.valueOf(failed.getMessage()).contains("Broken pipe")) {
        throw new OutputClosedException(failed);
      }
      throw ExitCode.FAILED.failure(
          "cannot download to %s: %s; repeat the command, or choose another file"
              .formatted(file, IoCause.of(failed)),
          failed);
    }
  }

  private void print(Call call) throws IOException {
    if (invocation.environment().terminals().output()) {
      throw ExitCode.USAGE.failure(
          "FILE: must not be a terminal, which bytes can control; use a pipe");
    }
    invocation.api().download(call, invocation.environment().output());
  }

  private static Path target(String source, String file) {
    var named = Path.of(file).toAbsolutePath();
    if (!Files.isDirectory(named)) return named;
    var name = Path.of(source).normalize().getFileName();
    if (name == null || name.toString().isEmpty() || name.toString().equals("..")) {
      throw ExitCode.USAGE.failure(
          "FILE: must be a file, because %s has no name".formatted(source));
    }
    return named.resolve(name);
  }

  private void write(Call call, Path target) throws IOException {
    // Not a temporary file, which only its user can read.
    var part = target.resolveSibling(".chowder-" + UUID.randomUUID() + ".part");
    try (var _ = Interruption.runs(() -> delete(part))) {
      try (var stream = Files.newOutputStream(part, StandardOpenOption.CREATE_NEW)) {
        invocation.api().download(call, stream);
      }
      // An atomic move replaces no folder, also not an empty one.
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(part);
    }
  }

  /** Deletes a file of this command. If that fails, the user can delete it. */
  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException left) {
      return;
    }
  }

  /** Sends a file as the body of a call. */
  Reply upload(Call call, String file, String contentType) {
    try {
      if (!file.equals(STANDARD)) return send(call, Path.of(file), contentType);
      // A copy, because the call may be repeated.
      var copy = Files.createTempFile("chowder", ".upload");
      try (var _ = Interruption.runs(() -> delete(copy))) {
        try (var stream = Files.newOutputStream(copy)) {
          invocation.environment().input().transferTo(stream);
        }
        return send(call, copy, contentType);
      } finally {
        delete(copy);
      }
    } catch (IOException failed) {
      throw ExitCode.USAGE.failure(
          "cannot read %s: %s; name a file that you can read".formatted(file, IoCause.of(failed)),
          failed);
    }
  }

  private Reply send(Call call, Path file, String contentType) throws FileNotFoundException {
    return invocation.api().send(call.file(file, contentType).within(UPLOAD_LIMIT));
  }
}
