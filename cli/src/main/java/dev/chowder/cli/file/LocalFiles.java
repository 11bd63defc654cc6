package dev.chowder.cli.file;

import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.failure.OutputClosedException;
import dev.chowder.cli.http.Call;
import dev.chowder.cli.http.Reply;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.UUID;

/** Copies bytes between files of the user and the API. A download that fails leaves no file. */
final class LocalFiles {
  /** The name of standard input and output. */
  static final String STANDARD = "-";

  /** A large file on a slow connection. The server ends uploads that stall. */
  private static final Duration UPLOAD_LIMIT = Duration.ofHours(6);

  private final Invocation invocation;

  LocalFiles(Invocation invocation) {
    this.invocation = invocation;
  }

  /** Writes the response of a call to a file, which is complete or is not there. */
  void download(Call call, String file) {
    try {
      if (file.equals(STANDARD)) {
        if (invocation.environment().terminals().output()) {
          throw new CommandException(
              ExitCode.USAGE, "FILE: must not be a terminal, which bytes can control; use a pipe");
        }
        invocation.api().download(call, invocation.environment().output());
        return;
      }
      var target = Path.of(file).toAbsolutePath();
      // Not a temporary file, which only its user can read.
      var part = target.resolveSibling(".chowder-" + UUID.randomUUID() + ".part");
      try {
        try (var stream = Files.newOutputStream(part, StandardOpenOption.CREATE_NEW)) {
          invocation.api().download(call, stream);
        }
        Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException failed) {
      var message = String.valueOf(failed.getMessage());
      if (message.contains("Broken pipe")) throw new OutputClosedException(failed);
      throw new CommandException(
          ExitCode.FAILED,
          "cannot download to %s: %s; the file is incomplete or missing".formatted(file, message),
          failed);
    }
  }

  /** Sends a file as the body of a call. */
  Reply upload(Call call, String file, String contentType) {
    try {
      if (!file.equals(STANDARD)) return send(call, Path.of(file), contentType);
      // A copy, because the call may be repeated.
      var copy = Files.createTempFile("chowder", ".upload");
      try {
        try (var stream = Files.newOutputStream(copy)) {
          invocation.environment().input().transferTo(stream);
        }
        return send(call, copy, contentType);
      } finally {
        Files.deleteIfExists(copy);
      }
    } catch (IOException failed) {
      throw new CommandException(
          ExitCode.USAGE,
          "cannot read %s: %s; name a file that you can read".formatted(file, failed.getMessage()),
          failed);
    }
  }

  private Reply send(Call call, Path file, String contentType) throws FileNotFoundException {
    return invocation.api().send(call.file(file, contentType).within(UPLOAD_LIMIT));
  }
}
