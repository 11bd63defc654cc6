package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.HomeFolder.Part;
import dev.chowder.server.error.ApiError;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Parses the {@code range} header of a download. Only one range of bytes is supported. For any
 * other value the response is the whole file, as HTTP allows.
 */
final class ByteRange {
  private static final Pattern ONE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

  private ByteRange() {}

  /**
   * Returns the requested part of a file of this size; empty if the whole file is requested.
   *
   * @throws ApiError if no byte of the file is in the range
   */
  static Optional<Part> of(Optional<String> header, long size) {
    var found = ONE.matcher(header.orElse("").strip());
    if (!found.matches() || (found.group(1).isEmpty() && found.group(2).isEmpty())) {
      return Optional.empty();
    }
    if (found.group(1).isEmpty()) {
      long last = Math.min(size, Long.parseLong(found.group(2)));
      if (last == 0) throw outside(size);
      return Optional.of(new Part(size - last, last));
    }
    long from = Long.parseLong(found.group(1));
    if (from >= size) throw outside(size);
    long to = found.group(2).isEmpty() ? size - 1 : Long.parseLong(found.group(2));
    // A range that ends before it begins is invalid, and thus ignored.
    if (to < from) return Optional.empty();
    return Optional.of(new Part(from, Math.min(to, size - 1) - from + 1));
  }

  private static ApiError outside(long size) {
    return ApiError.of(
        Reason.RANGE_NOT_SATISFIABLE,
        must("range", "include one of the file's " + size + " bytes"));
  }
}
