package dev.chowder.simulator;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads and writes a simulated home, a directory of this machine. */
final class FakeHome {
  private FakeHome() {}

  static void write(Path home, List<SandboxFile> files) {
    files.forEach(file -> SandboxPaths.checked(file.path()));
    for (SandboxFile file : files) {
      Path target = home.resolve(file.path());
      try {
        Files.createDirectories(target.getParent());
        Path written = Files.createTempFile(target.getParent(), ".chowder-", "");
        try (var out = Files.newOutputStream(written)) {
          file.content().writeTo(out);
        }
        Files.setPosixFilePermissions(written, permissions(file.mode()));
        Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (NoSuchFileException removed) {
        throw new SandboxException(
            Reason.NOT_FOUND, cannot("write the files", "the home does not exist"), removed);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }

  /** Returns the number and size of the files. Files that vanish meanwhile do not count. */
  static HomeUsage usage(Path home) {
    long bytes = 0;
    long files = 0;
    try (var all = Files.walk(home)) {
      for (var file : (Iterable<Path>) all::iterator) {
        files++;
        if (Files.isRegularFile(file)) bytes += Files.size(file);
      }
    } catch (IOException changed) {
      throw new UncheckedIOException(changed);
    }
    return new HomeUsage(bytes, files);
  }

  static Optional<ByteString> read(Path home, String path, long maxBytes) {
    Path file = home.resolve(SandboxPaths.checked(path));
    try {
      if (!Files.exists(file) && !isBelowAFile(file)) {
        return Optional.empty();
      }
      if (!Files.isRegularFile(file)) {
        throw new SandboxException(Reason.FILE_REFUSED, must(path, "be a file"));
      }
      if (Files.size(file) > maxBytes) {
        throw new SandboxException(
            Reason.FILE_REFUSED,
            must(path, "have at most " + maxBytes + " bytes", Files.size(file)));
      }
      return Optional.of(ByteString.copyFrom(Files.readAllBytes(file)));
    } catch (NoSuchFileException removed) {
      return Optional.empty();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static boolean isBelowAFile(Path file) {
    for (var folder = file.getParent(); folder != null; folder = folder.getParent()) {
      if (Files.exists(folder)) return !Files.isDirectory(folder);
    }
    return false;
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    return PosixFilePermissions.fromString(FileModes.letters(mode));
  }
}
