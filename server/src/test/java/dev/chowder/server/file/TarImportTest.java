package dev.chowder.server.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.HomeFolder.Entry;
import dev.chowder.sandbox.HomeFolder.Kind;
import dev.chowder.sandbox.HomeFolder.Tree;
import dev.chowder.server.error.Rejection;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tars as programs write them, and tars that attack the workspace. */
class TarImportTest {
  private static final int MOST_ENTRIES = 10;
  private static final int MOST_BYTES = 1 << 20;
  private static final int LONGEST_FILE = 1 << 16;
  private static final int RECORD = 512;

  private final List<String> came = new ArrayList<>();

  @Test
  void filesAndFoldersAreReadAsTarProgramsWriteThem() throws IOException {
    read(
        tar(
            entry("./", TarConstants.LF_DIR, ""),
            entry("./a/", TarConstants.LF_DIR, ""),
            entry("./a/b.txt", TarConstants.LF_NORMAL, "text"),
            entry("c", TarConstants.LF_OLDNORM, ""),
            entry("old/", TarConstants.LF_OLDNORM, ""),
            entry("ü/" + "long".repeat(40), TarConstants.LF_CONTIG, "x")));
    assertThat(came)
        .containsExactly(
            "FOLDER a 750",
            "FILE a/b.txt 640",
            "text",
            "FILE c 640",
            "FOLDER old 640",
            "FILE ü/" + "long".repeat(40) + " 640",
            "x");
  }

  @Test
  void anEmptyTarIsValid() throws IOException {
    read(tar());
    assertThat(came).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        "../x",
        "a/../../x",
        "./../x",
        "/etc/passwd",
        "a//b",
        "a\nb",
        "a\\b",
        "\u202e"
      })
  void anInvalidPathIsRejectedWithItsEntryNumber(String name) throws IOException {
    rejects(tar(entry("fine", TarConstants.LF_NORMAL, ""), entry(name)))
        .hasField("body")
        .shows("entry 2")
        .hides("passwd");
  }

  @Test
  void aPathThatIsTooLongIsRejected() throws IOException {
    rejects(tar(entry("x/".repeat(2100) + "x"))).hasField("body").shows("entry 1", 4201);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "caf\u00e9",
        "caf\u00e9/a name that is longer than a header holds: 0123456789012345678901234567890123456789012345678901234567890"
      })
  void aNameThatIsNotUtf8IsRejected(String name) throws IOException {
    rejects(tar("ISO-8859-1", entry(name))).hasField("body").shows("entry 1", "UTF-8");
    read(tar("UTF-8", entry(name)));
    assertThat(came).containsExactly("FILE " + name + " 640");
  }

  @Test
  void aNameInASeparateHeaderIsReadUnchanged() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      for (var name : List.of("\u00fc", "\u00e9/" + "long".repeat(40), "plain")) {
        tar.putArchiveEntry(entry(name).header());
        tar.closeArchiveEntry();
      }
    }
    read(bytes.toByteArray());
    assertThat(came)
        .containsExactly(
            "FILE \u00fc 640", "FILE \u00e9/" + "long".repeat(40) + " 640", "FILE plain 640");
  }

  @ParameterizedTest
  @ValueSource(bytes = {TarConstants.LF_SYMLINK, TarConstants.LF_LINK})
  void linksAreRejected(byte kind) throws IOException {
    for (var name : List.of("link", "link/")) {
      var link = entry(name, kind, "").header();
      link.setLinkName("/etc/passwd");
      rejects(tar(new Packed(link, ""))).hasReason(Reason.FILE_IS_LINK);
    }
  }

  @ParameterizedTest
  @ValueSource(
      bytes = {
        TarConstants.LF_CHR,
        TarConstants.LF_BLK,
        TarConstants.LF_FIFO,
        TarConstants.LF_GNUTYPE_SPARSE,
        'Z'
      })
  void specialFilesAreRejected(byte kind) throws IOException {
    for (var name : List.of("special", "special/")) {
      rejects(tar(entry(name, kind, ""))).hasReason(Reason.FILE_WRONG_KIND);
    }
  }

  static List<byte[]> incompleteTars() throws IOException {
    var whole = tar(entry("a", TarConstants.LF_NORMAL, "x".repeat(2 * RECORD)));
    var bent = whole.clone();
    bent[0] = 'b';
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      gzip.write(whole);
    }
    var numbers = whole.clone();
    Arrays.fill(numbers, 124, 136, (byte) 'q');
    return List.of(
        new byte[0],
        "no tar".getBytes(UTF_8),
        "no tar".repeat(1000).getBytes(UTF_8),
        packed.toByteArray(),
        bent,
        numbers,
        // Cut off in its headers, in its content and before its end.
        Arrays.copyOf(whole, RECORD / 2),
        Arrays.copyOf(whole, 2 * RECORD),
        Arrays.copyOf(whole, 3 * RECORD));
  }

  @ParameterizedTest
  @MethodSource("incompleteTars")
  void incompleteTarsAreRejected(byte[] body) {
    rejects(body).hasField("body");
  }

  @Test
  void tarsOverTheLimitsAreRejected() throws IOException {
    var many = new Packed[MOST_ENTRIES + 1];
    for (int i = 0; i < many.length; i++) many[i] = entry("file" + i);
    rejects(tar(many)).hasReason(Reason.TOO_LARGE).shows(MOST_ENTRIES);
    read(tar(Arrays.copyOf(many, MOST_ENTRIES)));

    var large = entry("large", TarConstants.LF_NORMAL, "x".repeat(LONGEST_FILE + 1));
    rejects(tar(large)).hasReason(Reason.TOO_LARGE).shows(LONGEST_FILE);

    var rest = new ByteArrayInputStream(new byte[MOST_BYTES]);
    var padded = new SequenceInputStream(new ByteArrayInputStream(tar()), rest);
    rejects(padded).hasReason(Reason.TOO_LARGE).shows(MOST_BYTES);
  }

  /** The library would keep each header in memory, or recurse once for each. */
  @ParameterizedTest
  @ValueSource(bytes = {TarConstants.LF_GNUTYPE_LONGNAME, TarConstants.LF_PAX_EXTENDED_HEADER_LC})
  void endlessHeadersAreRejectedBeforeTheyFillTheMemory(byte kind) throws IOException {
    var one = new TarArchiveEntry("x", kind);
    // The largest size that the header's field can hold.
    one.setSize((1L << 33) - 1);
    var begin = new ByteArrayOutputStream();
    begin.write(header(one));
    begin.write("2000000000 path=".getBytes(ISO_8859_1));
    var endless = new ByteArrayInputStream(begin.toByteArray());
    rejects(new SequenceInputStream(endless, endless())).hasReason(Reason.TOO_LARGE);

    var next = new TarArchiveEntry("x", kind);
    next.setSize(RECORD);
    var deeper = new ByteArrayOutputStream();
    while (deeper.size() < MOST_BYTES) {
      deeper.write(header(next));
      deeper.write(Arrays.copyOf("11 path=ab\n".getBytes(ISO_8859_1), RECORD));
    }
    assertThat(rejects(deeper.toByteArray()).error().reason())
        .isIn(Reason.TOO_LARGE, Reason.INVALID_FIELD);
  }

  private static InputStream endless() {
    return new InputStream() {
      @Override
      public int read() {
        return 'x';
      }

      @Override
      public int read(byte[] into, int from, int length) {
        Arrays.fill(into, from, from + length, (byte) 'x');
        return length;
      }
    };
  }

  private record Packed(TarArchiveEntry header, String content) {}

  private static Packed entry(String name) {
    return entry(name, TarConstants.LF_NORMAL, "");
  }

  private static Packed entry(String name, byte kind, String content) {
    var header = new TarArchiveEntry(name, kind, true);
    header.setMode(kind == TarConstants.LF_DIR ? 0750 : 0640);
    header.setSize(content.length());
    return new Packed(header, content);
  }

  private static byte[] tar(Packed... entries) throws IOException {
    return tar("UTF-8", entries);
  }

  private static byte[] tar(String encoding, Packed... entries) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes, encoding)) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      for (var one : entries) {
        tar.putArchiveEntry(one.header());
        tar.write(one.content().getBytes(UTF_8));
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] header(TarArchiveEntry entry) {
    var bytes = new byte[RECORD];
    entry.writeEntryHeader(bytes);
    return bytes;
  }

  private Rejection rejects(byte[] body) {
    return rejects(new ByteArrayInputStream(body));
  }

  private Rejection rejects(InputStream body) {
    return Rejection.of(() -> read(body));
  }

  private void read(byte[] body) throws IOException {
    read(new ByteArrayInputStream(body));
  }

  private void read(InputStream body) throws IOException {
    var settings =
        new FileSettings(
            1,
            1,
            LONGEST_FILE,
            MOST_BYTES,
            MOST_ENTRIES,
            Duration.ZERO,
            1,
            1,
            Duration.ZERO,
            1,
            0,
            0);
    new TarImport(body, settings)
        .writeTo(
            new Tree() {
              @Override
              public void entry(Entry entry) {
                assertThat(entry.size() == 0 || entry.kind() == Kind.FILE).isTrue();
                came.add("%s %s %o".formatted(entry.kind(), entry.path(), entry.mode()));
              }

              @Override
              public void content(ByteString bytes) {
                came.add(bytes.toStringUtf8());
              }
            });
  }
}
