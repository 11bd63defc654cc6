package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;
import static java.util.Objects.requireNonNull;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxPaths;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Reads and writes files of a sandbox's home directory through the engine's archive API. Written
 * files belong to the owner of the home. Never uses the host's path of a volume. Does not know what
 * the files mean.
 */
record DockerFiles(DockerApi engine, DockerSandboxSettings settings) {
  private static final int DIRECTORY_MODE = 0700;
  private static final int PERMISSION_BITS = 0777;
  private static final int STAGED_NAMES = 1_000_000_000;

  /**
   * Moves each staged file to its destination by a rename. The pairs are arguments, so they never
   * become part of the script.
   */
  private static final String MOVE =
      "staged=$1; shift; while [ $# -gt 0 ]; do mkdir -p -m 0700 -- \"$(dirname -- \"$2\")\" && mv -fT -- \"$1\" \"$2\" || exit 1; shift 2; done; rmdir -- \"$staged\"";

  /**
   * Writes into a container whose processes do not run, so none can see a partially written file.
   */
  void writeStopped(String container, List<SandboxFile> files) {
    Set<String> directories = new LinkedHashSet<>();
    for (SandboxFile file : files) {
      String path = SandboxPaths.checked(file.path());
      for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        directories.add(path.substring(0, slash));
      }
    }
    upload(container, archive(owner(container), directories, files));
  }

  /**
   * Writes into a running container. Uploads the files under other names and renames them from
   * inside, because the archive API would remove an old file before it writes the new one.
   */
  void writeRunning(InspectContainerResponse container, List<SandboxFile> files) {
    String staged = ".chowder-" + ThreadLocalRandom.current().nextInt(STAGED_NAMES);
    List<SandboxFile> stagedFiles = new ArrayList<>();
    List<String> command = new ArrayList<>(List.of("sh", "-c", MOVE, "sh", absolute(staged)));
    for (SandboxFile file : files) {
      String from = staged + "/" + stagedFiles.size();
      stagedFiles.add(new SandboxFile(from, file.content(), file.mode()));
      command.add(absolute(from));
      command.add(absolute(SandboxPaths.checked(file.path())));
    }
    upload(container.getId(), archive(SandboxUsers.of(container), Set.of(staged), stagedFiles));
    execute(container.getId(), command);
  }

  private static String absolute(String path) {
    return DockerContainerSpec.HOME + "/" + path;
  }

  private void upload(String container, byte[] archive) {
    engine.run(
        "write files into container " + container,
        docker ->
            docker
                .copyArchiveToContainerCmd(container)
                .withRemotePath(DockerContainerSpec.HOME)
                .withTarInputStream(new ByteArrayInputStream(archive))
                .exec());
  }

  private static byte[] archive(int owner, Set<String> directories, List<SandboxFile> files) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      FileTime now = FileTime.fromMillis(System.currentTimeMillis());
      for (String directory : directories) {
        TarArchiveEntry entry = new TarArchiveEntry(directory + "/");
        entry.setMode(DIRECTORY_MODE);
        own(entry, owner, now);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
      for (SandboxFile file : files) {
        TarArchiveEntry entry = new TarArchiveEntry(SandboxPaths.checked(file.path()));
        entry.setMode(file.mode() & PERMISSION_BITS);
        entry.setSize(file.content().size());
        own(entry, owner, now);
        tar.putArchiveEntry(entry);
        file.content().writeTo(tar);
        tar.closeArchiveEntry();
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  private static void own(TarArchiveEntry entry, int owner, FileTime now) {
    entry.setIds(owner, SandboxUsers.GROUP);
    entry.setModTime(now);
  }

  private void execute(String container, List<String> command) {
    String what = "rename files in container " + container;
    Tail output = new Tail(4096);
    Duration limit = settings.callTimeout();
    long exitCode =
        DockerExec.await(
                engine,
                what,
                container,
                command,
                limit,
                () ->
                    new SandboxException(Reason.ENGINE_UNREACHABLE, DockerErrors.late(what, limit)),
                frame -> output.add(frame.getPayload()))
            .orElse(-1);
    if (exitCode != 0) {
      if (DockerErrors.meansDiskFull(output.text())) {
        throw new SandboxException(Reason.NO_SPACE, cannot(what, "the disk of its home is full"));
      }
      throw new SandboxException(
          Reason.REFUSED, cannot(what, "exit code " + exitCode + ": " + output.text()));
    }
  }

  /** Reads one file; empty if it does not exist. */
  Optional<ByteString> read(String container, String path, long maxBytes) {
    String checked = SandboxPaths.checked(path);
    return engine.call(
        "read " + checked + " from container " + container,
        docker -> {
          try (var archive = archive(docker, container, absolute(checked))) {
            return Optional.of(content(checked, archive.tar(), maxBytes));
          } catch (NotFoundException missing) {
            if (DockerErrors.message(missing).contains("No such container")) {
              throw missing;
            }
            return Optional.empty();
          } catch (DockerException refused) {
            if (!DockerErrors.meansUnusablePath(refused)) throw refused;
            throw new SandboxException(Reason.FILE_REFUSED, must(checked, "be a file"), refused);
          } catch (IOException broken) {
            throw new UncheckedIOException(broken);
          }
        });
  }

  /** Returns the owner of the home directory. */
  int owner(String container) {
    return engine.call(
        "read the owner of the home in container " + container,
        docker -> {
          try (var archive = archive(docker, container, DockerContainerSpec.HOME)) {
            return Math.toIntExact(requireNonNull(archive.tar().getNextEntry()).getLongUserId());
          } catch (IOException broken) {
            throw new UncheckedIOException(broken);
          }
        });
  }

  private static Archive archive(DockerClient docker, String container, String path) {
    return new Archive(
        new TarArchiveInputStream(docker.copyArchiveFromContainerCmd(container, path).exec()));
  }

  /** An archive of which only the first entry is read. A folder's archive has all its files. */
  private record Archive(TarArchiveInputStream tar) implements AutoCloseable {
    @Override
    public void close() {
      // The client would read the rest. The interrupt of this call's own thread closes the socket.
      Thread.currentThread().interrupt();
      try {
        tar.close();
      } catch (IOException closed) {
        // As requested.
      }
    }
  }

  private static ByteString content(String path, TarArchiveInputStream tar, long maxBytes)
      throws IOException {
    TarArchiveEntry entry = tar.getNextEntry();
    // The link flag is checked too, because isFile() is also true for links.
    if (entry == null || !entry.isFile() || entry.getLinkFlag() == TarConstants.LF_SYMLINK) {
      throw new SandboxException(Reason.FILE_REFUSED, must(path, "be a file"));
    }
    if (entry.getSize() > maxBytes) {
      throw new SandboxException(
          Reason.FILE_REFUSED, must(path, "have at most " + maxBytes + " bytes", entry.getSize()));
    }
    return ByteString.readFrom(tar);
  }
}
