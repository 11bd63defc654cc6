package dev.chowder.server.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeFolder.Entry;
import dev.chowder.sandbox.HomeFolder.Kind;
import dev.chowder.server.stream.BodySink;
import io.grpc.Metadata;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.attribute.FileTime;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Sends a workspace to a caller as one tar. Omits facts about the machine, such as user names. */
final class TarExport implements HomeFolder.Tree {
  /** The media type of a tar. */
  static final String TYPE = "application/x-tar";

  private static final int BUFFER = 64 * 1024;

  private final OutputStream buffer;
  private final TarArchiveOutputStream tar;
  private boolean open;

  /**
   * Creates an empty tar.
   *
   * @param headers response headers
   * @param name file name that the response suggests
   */
  TarExport(BodySink body, Metadata headers, String name) {
    buffer = new BufferedOutputStream(sent(body, headers, name), BUFFER);
    tar = new TarArchiveOutputStream(buffer, UTF_8.name());
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
  }

  /**
   * Sets the headers with the first bytes, so that an earlier failure becomes an error response.
   */
  private static OutputStream sent(BodySink body, Metadata headers, String name) {
    return new OutputStream() {
      private boolean begun;

      @Override
      public void write(int one) {
        write(new byte[] {(byte) one}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int from, int length) {
        if (!begun) {
          body.type(TYPE);
          headers.put(
              Metadata.Key.of("content-disposition", Metadata.ASCII_STRING_MARSHALLER),
              "attachment; filename=\"" + name + "\"");
        }
        begun = true;
        body.send(ByteString.copyFrom(bytes, from, length));
      }
    };
  }

  @Override
  public void entry(Entry entry) throws IOException {
    close();
    boolean folder = entry.kind() == Kind.FOLDER;
    var header = new TarArchiveEntry(entry.path() + (folder ? "/" : ""));
    header.setUserName("");
    header.setGroupName("");
    header.setMode(entry.mode());
    header.setLastModifiedTime(FileTime.from(entry.modified()));
    if (!folder) header.setSize(entry.size());
    tar.putArchiveEntry(header);
    open = true;
  }

  @Override
  public void content(ByteString bytes) throws IOException {
    bytes.writeTo(tar);
  }

  private void close() throws IOException {
    if (open) tar.closeArchiveEntry();
    open = false;
  }

  /** Writes the end of the tar. A tar without it is recognizably incomplete. */
  void finish() {
    try {
      close();
      tar.finish();
      // The tar does not flush this buffer.
      buffer.flush();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
