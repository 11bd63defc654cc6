package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.FilePath;
import dev.chowder.server.error.ApiError;
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
 * Reads an upload. Its body is a form with the parts {@code path} and {@code file} in any order, or
 * the bytes of the file if the request has the path elsewhere. Keeps only a buffer in memory.
 */
final class UploadForm {
  private static final int BUFFER = 64 * 1024;
  private static final int MAX_PARTS = 8;
  private static final int MAX_BOUNDARY = 70;

  private final InputStream body;
  private final Optional<String> boundary;
  private final long maxBytes;
  private Optional<FilePath> path;
  private boolean fileReceived;

  /**
   * Creates a reader of a body.
   *
   * @param given the path; empty if the form has it
   * @param maxBytes size of the file
   */
  UploadForm(InputStream body, String contentType, Optional<FilePath> given, long maxBytes) {
    this.body = body;
    this.path = given;
    this.maxBytes = maxBytes;
    this.boundary = boundary(contentType);
    if (boundary.isEmpty() && given.isEmpty()) throw missing("path");
  }

  private static Optional<String> boundary(String contentType) {
    if (!contentType.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
      return Optional.empty();
    }
    var boundary = parameters(contentType).get("boundary");
    if (boundary == null || boundary.isEmpty() || boundary.length() > MAX_BOUNDARY) {
      throw ApiError.must("form", "have a boundary of 1 to " + MAX_BOUNDARY + " characters");
    }
    return Optional.of(boundary);
  }

  /** Writes the file, then returns its path, which may follow the file in the form. */
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
      throw ApiError.must("form", "have its parts between boundaries, and end with a boundary");
    }
    if (!fileReceived) throw missing("file");
    return path.orElseThrow(() -> missing("path"));
  }

  private void parts(OutputStream file, String boundary) throws IOException {
    var stream =
        new MultipartStream(body, boundary.getBytes(StandardCharsets.ISO_8859_1), BUFFER, null);
    stream.setHeaderEncoding(StandardCharsets.UTF_8.name());
    boolean more = stream.skipPreamble();
    for (int parts = 0; more; parts++) {
      if (parts == MAX_PARTS) throw unknownParts();
      var name = name(stream.readHeaders());
      switch (name) {
        case "file" -> {
          if (fileReceived) throw ApiError.must("file", "be one part of the form", "two");
          fileReceived = true;
          stream.readBodyData(file);
        }
        case "path" -> {
          if (path.isPresent()) throw ApiError.must("path", "be given once", "two");
          var text = new ByteArrayOutputStream();
          // Accepts more bytes than a path may have, so that the error can state the length.
          stream.readBodyData(new Bounded(text, 2L * FilePath.MAX_BYTES, "path"));
          path = Optional.of(FileRequests.below("path", utf8(text.toByteArray())));
        }
        default -> throw unknownParts();
      }
      more = stream.readBoundary();
    }
  }

  private static String name(String headers) {
    for (var line : headers.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-disposition:")) {
        // The parser returns no value for an empty name.
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
      throw ApiError.must("path", "be UTF-8");
    }
  }

  private static ApiError missing(String part) {
    return ApiError.must(part, "be a part of the form");
  }

  private static ApiError unknownParts() {
    return ApiError.must("form", "have only the parts path and file");
  }

  /** Passes bytes on, and throws once they exceed the limit. */
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
        throw ApiError.of(Reason.TOO_LARGE, must(what, "be at most " + most + " bytes"));
      }
      out.write(bytes, from, length);
    }
  }
}
