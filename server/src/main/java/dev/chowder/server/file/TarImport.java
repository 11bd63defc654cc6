package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.must;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeFolder.Entry;
import dev.chowder.sandbox.HomeFolder.Kind;
import dev.chowder.server.error.ApiError;
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
 * Imports a tar from an untrusted client into a workspace. Accepts only plain files and folders
 * with paths below the workspace. Errors give the number of an entry, since its name may be
 * anything. A tar is complete only with its end marker.
 */
final class TarImport {
  private static final int CHUNK = 64 * 1024;
  private static final int PERMISSIONS = 0777;
  private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

  /**
   * Bytes of an entry before its content, including long names and extended headers. The library
   * keeps all of them in memory.
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

  /** Reads the tar to its end. */
  void writeTo(HomeFolder.Tree tree) throws IOException {
    int number = 1;
    for (var entry = next(number); entry != null; entry = next(number)) {
      if (number > settings.maxImportEntries()) {
        throw tooLarge("tar", "have at most " + settings.maxImportEntries() + " entries");
      }
      one(entry, "entry " + number++, tree);
    }
    if (!tar.ended) throw noTar("a tar without an end marker");
    // Tar programs pad their last block.
    body.headersLeft = Long.MAX_VALUE;
    body.skip(Long.MAX_VALUE);
  }

  private @Nullable TarArchiveEntry next(int number) {
    body.headersLeft = MAX_HEADERS;
    try {
      var entry = tar.getNextEntry();
      if (entry != null && !entry.isCheckSumOK()) throw noTar("a broken entry " + number);
      return entry;
    } catch (IOException | IllegalArgumentException broken) {
      throw noTar("a broken entry " + number);
    }
  }

  private void one(TarArchiveEntry entry, String what, HomeFolder.Tree tree) throws IOException {
    boolean folder = isFolder(entry);
    if (entry.isSymbolicLink() || entry.isLink()) {
      throw ApiError.of(
          Reason.FILE_IS_LINK,
          must(what, "be a file or a folder, since no link is imported", "a link"));
    }
    if (!folder && !isPlain(entry)) {
      throw ApiError.of(
          Reason.FILE_WRONG_KIND,
          must(what, "be a plain file or a folder", "a device, fifo or sparse file"));
    }
    if (entry.getSize() > settings.maxFileBytes()) {
      throw ApiError.of(
          Reason.TOO_LARGE,
          must(what, "be at most " + settings.maxFileBytes() + " bytes", entry.getSize()));
    }
    var name =
        tar.name(entry)
            .orElseThrow(() -> ApiError.invalid("body", must(what, "have a name in UTF-8")));
    var path = path(name, what);
    // The content of a folder has no meaning, and the workspace itself exists already.
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
    // Old programs write a folder as a plain file whose name ends with a slash.
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
      throw noTar("a broken " + what);
    }
  }

  /** Returns the path of a name. Tar programs write {@code ./a/} for {@code a}. */
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
    return ApiError.must("body", "be a complete tar that is not compressed", got);
  }

  private static ApiError tooLarge(String what, String rule) {
    return ApiError.of(Reason.TOO_LARGE, must(what, rule));
  }

  /**
   * Detects the end marker of the tar, and keeps the bytes of names, which the library otherwise
   * replaces by question marks.
   */
  private static final class Whole extends TarArchiveInputStream {
    private boolean ended;
    private int depth;
    private boolean longName;

    /** The name in the entry's own header, which extended headers may replace. */
    private @Nullable String own;

    Whole(InputStream from) {
      // In this charset each byte is one character.
      super(from, ISO_8859_1.name());
    }

    @Override
    protected boolean isEOFRecord(byte @Nullable [] block) {
      boolean end = super.isEOFRecord(block);
      ended |= end && block != null;
      return end;
    }

    /** The library calls this method recursively for an entry that follows extended headers. */
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

    /** Returns the name of an entry; empty if it is not UTF-8. */
    Optional<String> name(TarArchiveEntry entry) {
      var name = entry.getName();
      boolean decoded = own != null && !longName && !name.equals(own);
      // The library decoded this name, and replaced bytes that are not UTF-8 by U+FFFD.
      if (decoded) return Optional.of(name).filter(text -> text.indexOf('\uFFFD') < 0);
      try {
        var bytes = ByteBuffer.wrap(name.getBytes(ISO_8859_1));
        return Optional.of(UTF_8.newDecoder().decode(bytes).toString());
      } catch (CharacterCodingException none) {
        return Optional.empty();
      }
    }
  }

  /** Counts the bytes that are read of the body, and of the headers of one entry. */
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
      if (left < 0) throw tooLarge("tar", "be at most " + most + " bytes");
      if (headersLeft < 0) {
        throw tooLarge("tar", "have at most " + MAX_HEADERS + " bytes of headers for an entry");
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
