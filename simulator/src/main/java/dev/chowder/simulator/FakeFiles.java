package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import com.google.protobuf.ByteString;
import dev.chowder.base.FileTree;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Accesses files of a simulated home, a directory of this machine. No process works in it, so each
 * step checks the entries before it and not during it. Rejects the same requests as a real engine.
 */
final class FakeFiles implements HomeFolder {
  private static final int CHUNK = 128 * 1024;
  private static final String STAGING = ".chowder-files";

  private final Path home;
  private final FilePath folder;
  private final Path root;

  FakeFiles(Path home, FilePath folder) {
    this.home = home;
    this.folder = folder;
    this.root = home.resolve(folder.toString());
  }

  @Override
  public Listing list(FilePath folder, String after, int limit, int most) {
    return io(
        () -> {
          var omitted = 0;
          List<Entry> all = new ArrayList<>();
          for (Path child : children(descend(folder, false))) {
            var path = below(folder, child);
            if (path == null) omitted++;
            else all.add(entry(path, child));
          }
          if (all.size() + omitted > most) throw FileRefused.tooMany(folder.toString(), most);
          all.sort(
              Comparator.comparing(entry -> bytes(entry.path().name()), Arrays::compareUnsigned));
          var page =
              all.stream()
                  .filter(e -> Arrays.compareUnsigned(bytes(e.path().name()), bytes(after)) > 0)
                  .limit(limit + 1L)
                  .toList();
          boolean more = page.size() > limit;
          return new Listing(
              more ? page.subList(0, limit) : page,
              more ? page.get(limit - 1).path().name() : "",
              omitted);
        });
  }

  @Override
  public void read(FilePath file, long most, Reader reader) {
    io(
        () -> {
          Path location = file(file);
          var entry = entry(file, location);
          if (entry.size() > most) throw FileRefused.tooLarge(file.toString(), entry.size(), most);
          var part = reader.begin(entry);
          try (var content = Files.newInputStream(location)) {
            content.skipNBytes(Math.min(part.offset(), entry.size()));
            for (long left = Math.min(part.length(), most); left > 0; ) {
              byte[] bytes = content.readNBytes((int) Math.min(CHUNK, left));
              if (bytes.length == 0) break;
              left -= bytes.length;
              reader.content(ByteString.copyFrom(bytes));
            }
          }
          return location;
        });
  }

  @Override
  public long write(Content content) {
    return io(
        () -> {
          Path staged = staged();
          try {
            FilePath path;
            try (OutputStream to = Files.newOutputStream(staged)) {
              path = content.writeTo(to);
            }
            long size = Files.size(staged);
            place(staged, path);
            return size;
          } finally {
            Files.deleteIfExists(staged);
          }
        });
  }

  private void place(Path staged, FilePath path) throws IOException {
    Path target = descend(parent(path), true).resolve(path.name());
    var existing = attributes(target);
    if (existing != null && !existing.isRegularFile()) throw wrong(existing, path, true);
    if (existing != null) {
      Files.setPosixFilePermissions(staged, Files.getPosixFilePermissions(target));
    }
    Files.move(staged, target, ATOMIC_MOVE);
  }

  @Override
  public void move(FilePath source, FilePath destination, boolean overwrite) {
    io(
        () -> {
          Path from = descend(parent(source), false).resolve(source.name());
          var existing = attributes(from);
          if (existing == null) throw FileRefused.notFound(source.toString());
          if (existing.isSymbolicLink()) throw FileRefused.link(source.toString());
          Path to = descend(parent(destination), false).resolve(destination.name());
          var target = attributes(to);
          if (target != null && !overwrite) throw FileRefused.exists(destination.toString());
          if (target != null) requireReplaceable(existing, target, to, destination);
          if (to.startsWith(from) && !to.equals(from)) {
            throw FileRefused.intoItself(destination.toString());
          }
          Files.move(from, to, ATOMIC_MOVE);
          return to;
        });
  }

  private static void requireReplaceable(
      PosixFileAttributes by, PosixFileAttributes what, Path at, FilePath path) throws IOException {
    if (what.isSymbolicLink()) throw FileRefused.link(path.toString());
    if (what.isDirectory() && !by.isDirectory()) throw FileRefused.folder(path.toString());
    if (!what.isDirectory() && by.isDirectory()) throw FileRefused.noFolder(path.toString());
    if (what.isDirectory() && !children(at).isEmpty()) throw FileRefused.notEmpty(path.toString());
  }

  @Override
  public void delete(FilePath path, boolean recursive) {
    io(
        () -> {
          Path location = descend(parent(path), false).resolve(path.name());
          var what = attributes(location);
          if (what == null) throw FileRefused.notFound(path.toString());
          if (what.isDirectory() && recursive) FileTree.remove(location);
          else Files.delete(location);
          return location;
        },
        path);
  }

  @Override
  public void makeFolder(FilePath folder) {
    io(() -> descend(folder, true));
  }

  @Override
  public Count readTree(Tree to) {
    return io(
        () -> {
          var counting = new int[3];
          tree(descend(FilePath.ROOT, true), FilePath.ROOT, to, counting);
          return new Count(counting[0], counting[1], counting[2]);
        });
  }

  private static void tree(Path folder, FilePath path, Tree to, int[] count) throws IOException {
    for (Path child : children(folder)) {
      var below = below(path, child);
      var entry = below == null ? null : entry(below, child);
      if (entry == null || entry.kind() == Kind.LINK || entry.kind() == Kind.OTHER) {
        count[2]++;
        continue;
      }
      to.entry(entry);
      if (entry.kind() == Kind.FOLDER) {
        count[1]++;
        tree(child, entry.path(), to, count);
        continue;
      }
      count[0]++;
      try (var content = Files.newInputStream(child)) {
        byte[] bytes = new byte[CHUNK];
        for (int n = content.read(bytes); n > 0; n = content.read(bytes)) {
          to.content(ByteString.copyFrom(bytes, 0, n));
        }
      }
    }
  }

  @Override
  public Count writeTree(TreeContent from) {
    return io(
        () -> {
          Path staged = Files.createDirectory(staged());
          try {
            var staging = new Staging(staged);
            from.writeTo(staging);
            staging.end();
            for (var entry : staging.entries) requireFit(entry.path(), entry.kind());
            var files = 0;
            var folders = 0;
            for (var entry : staging.entries) {
              if (entry.kind() == Kind.FOLDER) {
                descend(entry.path(), true);
                folders++;
              } else if (Files.exists(staged.resolve(entry.path().toString()))) {
                Path target = descend(parent(entry.path()), true).resolve(entry.path().name());
                Files.move(staged.resolve(entry.path().toString()), target, ATOMIC_MOVE);
                files++;
              }
            }
            return new Count(files, folders, 0);
          } finally {
            FileTree.remove(staged);
          }
        });
  }

  private void requireFit(FilePath path, Kind kind) throws IOException {
    for (int depth = 1; depth <= path.names().size(); depth++) {
      var part = new FilePath(path.names().subList(0, depth));
      var existing = attributes(root.resolve(part.toString()));
      if (existing == null) return;
      boolean file = depth == path.names().size() && kind == Kind.FILE;
      if (file ? !existing.isRegularFile() : !existing.isDirectory()) {
        throw wrong(existing, file ? path : part, file);
      }
    }
  }

  /** Writes a tree beside its destination folder. */
  private static final class Staging implements Tree {
    private final Path folder;
    private final List<Entry> entries = new ArrayList<>();
    private @Nullable OutputStream open;

    Staging(Path folder) {
      this.folder = folder;
    }

    @Override
    public void entry(Entry entry) throws IOException {
      end();
      Path target = folder.resolve(entry.path().toString());
      try {
        Files.createDirectories(entry.kind() == Kind.FOLDER ? target : target.getParent());
      } catch (java.nio.file.FileAlreadyExistsException file) {
        throw FileRefused.noFolder(entry.path().toString());
      }
      entries.add(entry);
      if (entry.kind() == Kind.FOLDER) return;
      if (Files.isDirectory(target)) throw FileRefused.folder(entry.path().toString());
      open =
          Files.newOutputStream(
              target, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    }

    @Override
    public void content(ByteString bytes) throws IOException {
      if (open != null) bytes.writeTo(open);
    }

    void end() throws IOException {
      if (open == null) return;
      open.close();
      open = null;
      var entry = entries.getLast();
      Path file = folder.resolve(entry.path().toString());
      Files.setPosixFilePermissions(
          file, PosixFilePermissions.fromString(FileModes.letters(entry.mode() | 0600)));
      Files.setLastModifiedTime(file, FileTime.from(entry.modified()));
    }
  }

  /** Returns a folder, after checking each folder on its way. */
  private Path descend(FilePath folder, boolean create) throws IOException {
    if (!Files.exists(home)) {
      throw SandboxException.notFound("access the files", "the home does not exist");
    }
    Path now = home;
    for (var name : this.folder.names()) {
      now = now.resolve(name);
      var existing = attributes(now);
      if (existing == null) Files.createDirectory(now);
      else if (!existing.isDirectory()) throw wrong(existing, FilePath.ROOT, false);
    }
    for (int depth = 1; depth <= folder.names().size(); depth++) {
      var path = new FilePath(folder.names().subList(0, depth));
      now = now.resolve(path.name());
      var existing = attributes(now);
      if (existing == null && create) {
        Files.createDirectory(now);
      } else if (existing == null) {
        throw FileRefused.notFound(path.toString());
      } else if (!existing.isDirectory()) {
        throw wrong(existing, path, false);
      }
    }
    return now;
  }

  private Path file(FilePath file) throws IOException {
    Path location = descend(parent(file), false).resolve(file.name());
    var what = attributes(location);
    if (what == null) throw FileRefused.notFound(file.toString());
    if (!what.isRegularFile()) throw wrong(what, file, true);
    return location;
  }

  private static FileRefused wrong(BasicFileAttributes existing, FilePath path, boolean wantsFile) {
    if (existing.isSymbolicLink()) return FileRefused.link(path.toString());
    if (existing.isOther()) return FileRefused.special(path.toString());
    return wantsFile ? FileRefused.folder(path.toString()) : FileRefused.noFolder(path.toString());
  }

  private static FilePath parent(FilePath path) {
    return new FilePath(path.names().subList(0, path.names().size() - 1));
  }

  private Path staged() throws IOException {
    Path staging = Files.createDirectories(home.resolve(STAGING));
    return staging.resolve(UUID.randomUUID().toString());
  }

  private static List<Path> children(Path folder) throws IOException {
    try (var children = Files.list(folder)) {
      return children.toList();
    }
  }

  private static @Nullable FilePath below(FilePath folder, Path child) {
    try {
      var name = String.valueOf(child.getFileName());
      // The replacement character of a name that the machine could not decode.
      if (name.indexOf('\uFFFD') >= 0) return null;
      return FilePath.parse(folder.isRoot() ? name : folder + "/" + name);
    } catch (FileRefused none) {
      return null;
    }
  }

  private static @Nullable PosixFileAttributes attributes(Path path) throws IOException {
    try {
      return Files.readAttributes(path, PosixFileAttributes.class, NOFOLLOW_LINKS);
    } catch (NoSuchFileException none) {
      return null;
    }
  }

  private static Entry entry(FilePath path, Path at) throws IOException {
    var existing = Files.readAttributes(at, PosixFileAttributes.class, NOFOLLOW_LINKS);
    var kind =
        existing.isRegularFile()
            ? Kind.FILE
            : existing.isDirectory()
                ? Kind.FOLDER
                : existing.isSymbolicLink() ? Kind.LINK : Kind.OTHER;
    return new Entry(
        path,
        kind,
        kind == Kind.FILE ? existing.size() : 0,
        existing.lastModifiedTime().toInstant(),
        FileModes.bits(PosixFilePermissions.toString(existing.permissions())));
  }

  private static byte[] bytes(String name) {
    return name.getBytes(UTF_8);
  }

  private interface Step<T> {
    T take() throws IOException;
  }

  private static <T> T io(Step<T> step) {
    return io(step, FilePath.ROOT);
  }

  private static <T> T io(Step<T> step, FilePath path) {
    try {
      return step.take();
    } catch (DirectoryNotEmptyException full) {
      throw FileRefused.notEmpty(path.toString());
    } catch (AtomicMoveNotSupportedException never) {
      throw new IllegalStateException(never);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
