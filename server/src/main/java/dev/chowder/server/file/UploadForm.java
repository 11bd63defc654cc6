package dev.chowder.server.file;

import dev.chowder.sandbox.FilePath;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.fileupload.MultipartStream;
import org.apache.commons.fileupload.ParameterParser;

/**
 * What is uploaded: a form with the parts {@code path} and {@code file}, in any order, or the bytes
 * alone where the path was said beside them. Nothing of a file is held but a buffer.
 */
final class UploadForm {
  private static final int BUFFER = 64 * 1024;
  private static final int MAX_PARTS = 8;
  private static final int MAX_BOUNDARY = 70;

  private final InputStream body;
  private final Optional<String> boundary;
  private final long maxBytes;
  private Optional<FilePath> path;
  private boolean fileCame;

  /**
   * Reads a body of this type.
   *
   * @param said the path, where it was said beside the body
   * @param maxBytes of the file
   */
  UploadForm(InputStream body, String contentType, Optional<FilePath> said, long maxBytes) {
    this.body = body;
    this.path = said;
    this.maxBytes = maxBytes;
    this.boundary = boundary(contentType);
    if (boundary.isEmpty() && said.isEmpty()) throw missing("path");
  }

  private static Optional<String> boundary(String contentType) {
    if (!contentType.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
      return Optional.empty();
    }
    var boundary = parameters(contentType).get("boundary");
    if (boundary == null || boundary.isEmpty() || boundary.length() > MAX_BOUNDARY) {
      throw bad("no boundary", "1 to " + MAX_BOUNDARY + " characters");
    }
    return Optional.of(boundary);
  }

  /** Writes the file, and says then where it belongs. */
  FilePath writeTo(OutputStream to) throws IOException {
    var bounded = new Bounded(to, maxBytes, "file");
    if (boundary.isEmpty()) {
      body.transferTo(bounded);
      return path.orElseThrow();
    }
    try {
      parts(bounded, boundary.get());
    } catch (MultipartStream.MalformedStreamException
        | MultipartStream.IllegalBoundaryException e) {
      throw bad("broken", "parts between boundaries, the last one closed");
    }
    if (!fileCame) throw missing("file");
    return path.orElseThrow(() -> missing("path"));
  }

  private void parts(OutputStream file, String boundary) throws IOException {
    var stream =
        new MultipartStream(body, boundary.getBytes(StandardCharsets.ISO_8859_1), BUFFER, null);
    stream.setHeaderEncoding(StandardCharsets.UTF_8.name());
    boolean more = stream.skipPreamble();
    for (int parts = 0; more; parts++) {
      if (parts == MAX_PARTS) throw bad("more parts", "path and file");
      var name = name(stream.readHeaders());
      switch (name) {
        case "file" -> {
          if (fileCame) throw bad("file: twice", "once");
          fileCame = true;
          stream.readBodyData(file);
        }
        case "path" -> {
          if (path.isPresent()) throw ApiError.invalid("path", "twice (expected: once)");
          var text = new ByteArrayOutputStream();
          // A little more than it may have, so that the error says how long it is.
          stream.readBodyData(new Bounded(text, 2L * FilePath.MAX_BYTES, "path"));
          path = Optional.of(FileRequests.below("path", utf8(text.toByteArray())));
        }
        default -> throw bad("another part", "path and file");
      }
      more = stream.readBoundary();
    }
  }

  private static String name(String headers) {
    for (var line : headers.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-disposition:")) {
        // An empty one is there without a value.
        return Optional.ofNullable(parameters(line).get("name")).orElse("");
      }
    }
    return "";
  }

  private static Map<String, String> parameters(String header) {
    var parser = new ParameterParser();
    parser.setLowerCaseNames(true);
    return parser.parse(header, ';');
  }

  private static String utf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException none) {
      throw ApiError.invalid("path", "not UTF-8 (expected: UTF-8)");
    }
  }

  private static ApiError missing(String part) {
    return ApiError.invalid(part, "missing (expected: a part of the form with that name)");
  }

  private static ApiError bad(String got, String expected) {
    return ApiError.invalid("form", got + " (expected: " + expected + ")");
  }

  /** Refuses what is more than the limit while it comes. */
  static final class Bounded extends FilterOutputStream {
    private final String what;
    private final long most;
    private long written;

    Bounded(OutputStream to, long most, String what) {
      super(to);
      this.most = most;
      this.what = what;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      written += length;
      if (written > most) {
        throw ApiError.of(
            Reason.TOO_LARGE, what + ": more than " + most + " bytes (expected: at most that)");
      }
      out.write(bytes, from, length);
    }
  }
}
