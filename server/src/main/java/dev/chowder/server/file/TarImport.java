package dev.chowder.server.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxFiles;
import dev.chowder.sandbox.SandboxFiles.Entry;
import dev.chowder.sandbox.SandboxFiles.Kind;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Instant;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/**
 * A tar on its way into a workspace, by anybody's hand: what is no plain file or folder with a path
 * below the workspace is refused by its number, since its name may be anything. It is whole only
 * with a tar's own end.
 */
final class TarImport {
  private static final int CHUNK = 64 * 1024;
  private static final int PERMISSIONS = 0777;
  private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

  /**
   * Bytes of an entry before its content, the long names and other facts in front of it included:
   * the library keeps these in memory, however many there are.
   */
  private static final int MAX_HEADERS = 128 * 1024;

  private final Metered body;
  private final Whole tar;
  private final FileSettings settings;

  TarImport(InputStream body, FileSettings settings) {
    this.body = new Metered(body, settings.maxImportBytes());
    this.tar = new Whole(this.body);
    this.settings = settings;
  }

  /** Reads it to its end. */
  void writeTo(SandboxFiles.Tree tree) throws IOException {
    int number = 1;
    for (var entry = next(number); entry != null; entry = next(number)) {
      if (number > settings.maxImportEntries()) {
        throw tooLarge("more entries", "at most " + settings.maxImportEntries());
      }
      one(entry, "entry " + number++, tree);
    }
    if (!tar.ended) throw noTar("ends before its tar does");
    // Tar programs fill up their last block.
    body.headersLeft = Long.MAX_VALUE;
    body.skip(Long.MAX_VALUE);
  }

  private @Nullable TarArchiveEntry next(int number) {
    body.headersLeft = MAX_HEADERS;
    try {
      var entry = tar.getNextEntry();
      if (entry != null && !entry.isCheckSumOK()) throw noTar("entry " + number + " is broken");
      return entry;
    } catch (IOException | IllegalArgumentException broken) {
      throw noTar("entry " + number + " is broken");
    }
  }

  private void one(TarArchiveEntry entry, String what, SandboxFiles.Tree tree) throws IOException {
    boolean folder = isFolder(entry);
    if (entry.isSymbolicLink() || entry.isLink()) {
      throw ApiError.of(
          Reason.FILE_IS_LINK, what + ": a link (expected: files and folders; no link is taken)");
    }
    if (!folder && !isPlain(entry)) {
      throw ApiError.of(
          Reason.FILE_WRONG_KIND,
          what + ": a device, fifo or sparse file (expected: a plain file or a folder)");
    }
    if (entry.getSize() > settings.maxFileBytes()) {
      throw tooLarge(
          what + ": " + entry.getSize() + " bytes", "at most " + settings.maxFileBytes());
    }
    var name =
        tar.name(entry)
            .orElseThrow(
                () ->
                    ApiError.invalid(
                        "body", what + ": a name that is not UTF-8 (expected: UTF-8)"));
    var path = path(name, what);
    // A folder's content means nothing, and the workspace itself is there.
    if (!path.isRoot()) {
      tree.entry(
          new Entry(
              path,
              folder ? Kind.FOLDER : Kind.FILE,
              folder ? 0 : entry.getSize(),
              time(entry),
              entry.getMode() & PERMISSIONS));
    }
    content(folder || path.isRoot() ? bytes -> {} : tree::content, what);
  }

  private static boolean isFolder(TarArchiveEntry entry) {
    // Old programs write one as a plain file whose name ends with a slash.
    return entry.getLinkFlag() == TarConstants.LF_DIR || (isPlain(entry) && entry.isDirectory());
  }

  private static boolean isPlain(TarArchiveEntry entry) {
    return !entry.isSparse()
        && switch (entry.getLinkFlag()) {
          case TarConstants.LF_NORMAL, TarConstants.LF_OLDNORM, TarConstants.LF_CONTIG -> true;
          default -> false;
        };
  }

  private interface Sink {
    void take(ByteString bytes) throws IOException;
  }

  private void content(Sink to, String what) throws IOException {
    body.headersLeft = Long.MAX_VALUE;
    var bytes = new byte[CHUNK];
    for (int n = read(bytes, what); n > 0; n = read(bytes, what)) {
      to.take(ByteString.copyFrom(bytes, 0, n));
    }
  }

  private int read(byte[] into, String what) {
    try {
      return tar.read(into);
    } catch (IOException broken) {
      throw noTar(what + " is broken");
    }
  }

  /** As tar programs write it: {@code ./a/} for {@code a}. */
  private static FilePath path(String name, String what) {
    var text = name;
    while (text.startsWith("./")) text = text.substring(2);
    if (text.endsWith("/") && text.length() > 1) text = text.substring(0, text.length() - 1);
    if (text.isEmpty()) return FilePath.ROOT;
    try {
      return FilePath.parse(text);
    } catch (FileRefused why) {
      throw ApiError.invalid("body", what + ": " + why.getMessage());
    }
  }

  private static Instant time(TarArchiveEntry entry) {
    var time = entry.getLastModifiedTime().toInstant();
    if (time.isBefore(Instant.EPOCH)) return Instant.EPOCH;
    return time.isAfter(LAST) ? LAST : time;
  }

  private static ApiError noTar(String got) {
    return ApiError.invalid("body", got + " (expected: a whole tar, not compressed)");
  }

  private static ApiError tooLarge(String got, String expected) {
    return ApiError.of(Reason.TOO_LARGE, "tar: " + got + " (expected: " + expected + ")");
  }

  /**
   * Knows whether a tar's own end came, and what its names are as bytes, in the place of which the
   * library has question marks otherwise.
   */
  private static final class Whole extends TarArchiveInputStream {
    private boolean ended;
    private int depth;
    private boolean longName;

    /** Of the entry itself, before the headers in front of it say another one. */
    private @Nullable String own;

    Whole(InputStream from) {
      // Each byte is one character.
      super(from, ISO_8859_1.name());
    }

    @Override
    protected boolean isEOFRecord(byte @Nullable [] block) {
      boolean end = super.isEOFRecord(block);
      ended |= end && block != null;
      return end;
    }

    /** The library calls it for each entry that is behind headers of its own. */
    @Override
    public @Nullable TarArchiveEntry getNextEntry() throws IOException {
      if (depth == 0) {
        longName = false;
        own = null;
      }
      depth++;
      try {
        var entry = super.getNextEntry();
        if (depth > 1 && entry != null) own = entry.getName();
        return entry;
      } finally {
        depth--;
      }
    }

    @Override
    protected byte @Nullable [] getLongNameData() throws IOException {
      longName |= getCurrentEntry().isGNULongNameEntry();
      return super.getLongNameData();
    }

    /** Empty: it is not UTF-8. */
    Optional<String> name(TarArchiveEntry entry) {
      var name = entry.getName();
      boolean decoded = own != null && !longName && !name.equals(own);
      // Of what the library decoded itself, this stands in the place of what is no UTF-8.
      if (decoded) return Optional.of(name).filter(text -> text.indexOf('\uFFFD') < 0);
      try {
        var bytes = ByteBuffer.wrap(name.getBytes(ISO_8859_1));
        return Optional.of(UTF_8.newDecoder().decode(bytes).toString());
      } catch (CharacterCodingException none) {
        return Optional.empty();
      }
    }
  }

  /** Counts what is read of a body, and of the headers of one entry. */
  private static final class Metered extends FilterInputStream {
    private final long most;
    private long left;
    private long headersLeft;

    Metered(InputStream from, long most) {
      super(from);
      this.most = most;
      this.left = most;
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      int n = in.read(into, from, length);
      left -= Math.max(n, 0);
      headersLeft -= Math.max(n, 0);
      if (left < 0) throw tooLarge("more than " + most + " bytes", "at most that");
      if (headersLeft < 0) {
        throw tooLarge("headers of more than " + MAX_HEADERS + " bytes", "at most that");
      }
      return n;
    }

    @Override
    public long skip(long bytes) throws IOException {
      var some = new byte[CHUNK];
      long skipped = 0;
      while (skipped < bytes) {
        int n = read(some, 0, (int) Math.min(some.length, bytes - skipped));
        if (n <= 0) break;
        skipped += n;
      }
      return skipped;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
