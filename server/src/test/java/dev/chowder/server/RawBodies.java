package dev.chowder.server;

import com.google.protobuf.Descriptors.MethodDescriptor;
import java.util.List;
import java.util.Map;

/** The media types of file bodies, which descriptors of {@code HttpBody} do not contain. */
final class RawBodies {
  static final String FORM = "multipart/form-data";
  static final String BYTES = "application/octet-stream";
  private static final String TAR = "application/x-tar";

  private static final Map<String, List<String>> REQUESTS =
      Map.of("UploadFile", List.of(FORM, BYTES), "ImportFiles", List.of(TAR));
  private static final Map<String, String> ANSWERS =
      Map.of("DownloadFile", BYTES, "ExportFiles", TAR);

  private RawBodies() {}

  /** Returns the media types that the method accepts; empty if it accepts JSON. */
  static List<String> request(MethodDescriptor method) {
    return REQUESTS.getOrDefault(method.getName(), List.of());
  }

  /** Returns the media type of the response; empty if the agent chooses it. */
  static String answer(MethodDescriptor method) {
    return ANSWERS.getOrDefault(method.getName(), "");
  }

  /**
   * Returns whether the method supports range requests. A file does; a tar is created again for
   * each request.
   */
  static boolean answersRanges(MethodDescriptor method) {
    return answer(method).equals(BYTES);
  }
}
