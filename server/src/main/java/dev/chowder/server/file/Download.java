package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.cannot;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeFolder.Entry;
import dev.chowder.sandbox.HomeFolder.Part;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.BodySink;
import io.grpc.Metadata;
import java.net.URLConnection;
import java.net.URLEncoder;
import java.util.Optional;

/** Sends one file to a caller: first its HTTP headers, then its bytes. */
final class Download implements HomeFolder.Reader {
  private final BodySink body;
  private final Metadata headers;
  private final Optional<String> range;
  private final Optional<String> onlyIf;
  private long missing;

  /**
   * Creates a download.
   *
   * @param headers response headers
   * @param range the caller's {@code range} header
   * @param onlyIf the caller's {@code if-range} header: the range applies only if the file still
   *     has this tag
   */
  Download(BodySink body, Metadata headers, Optional<String> range, Optional<String> onlyIf) {
    this.body = body;
    this.headers = headers;
    this.range = range;
    this.onlyIf = onlyIf;
  }

  @Override
  public Part begin(Entry file) {
    var tag = "\"" + Long.toHexString(file.size()) + "-" + file.modified().toEpochMilli() + "\"";
    boolean same = onlyIf.isEmpty() || onlyIf.get().equals(tag);
    var part = same ? ByteRange.of(range, file.size()) : Optional.<Part>empty();
    var whole = part.orElse(new Part(0, file.size()));
    var name = file.path().name();
    var guessed = URLConnection.guessContentTypeFromName(name);
    body.type(guessed == null ? "application/octet-stream" : guessed);
    put("accept-ranges", "bytes");
    put("etag", tag);
    put("x-content-type-options", "nosniff");
    put(
        "content-disposition",
        "attachment; filename=\""
            + name.replaceAll("[^\\x20-\\x7e]|[\"%\\\\]", "_")
            + "\"; filename*=UTF-8''"
            + URLEncoder.encode(name, UTF_8).replace("+", "%20").replace("*", "%2A"));
    missing = whole.length();
    put("x-http-content-length", Long.toString(whole.length()));
    part.ifPresent(
        some -> {
          CallHeaders.putHttpStatus(headers, 206);
          put(
              "content-range",
              "bytes "
                  + some.offset()
                  + "-"
                  + (some.offset() + some.length() - 1)
                  + "/"
                  + file.size());
        });
    return whole;
  }

  @Override
  public void content(ByteString bytes) {
    body.send(bytes);
    missing -= bytes.size();
  }

  /** Throws if fewer bytes came than announced, since a file may be truncated while it is read. */
  void requireWhole() {
    if (missing == 0) return;
    throw ApiError.of(
        Reason.FILE_NOT_FOUND,
        cannot(
            "download the file",
            "it became " + missing + " bytes shorter during the download",
            "download it again"));
  }

  private void put(String name, String value) {
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
  }
}
