package dev.chowder.server;

import com.google.protobuf.Descriptors.MethodDescriptor;
import java.util.List;
import java.util.Map;

/** Bodies of files: what they are, which no descriptor of {@code HttpBody} says. */
final class RawBodies {
  static final String FORM = "multipart/form-data";
  static final String BYTES = "application/octet-stream";
  private static final String TAR = "application/x-tar";

  private static final Map<String, List<String>> REQUESTS =
      Map.of("UploadFile", List.of(FORM, BYTES), "ImportFiles", List.of(TAR));
  private static final Map<String, String> ANSWERS =
      Map.of("DownloadFile", BYTES, "ExportFiles", TAR);

  private RawBodies() {}

  /** The media types that it takes; empty: what it takes is JSON. */
  static List<String> request(MethodDescriptor method) {
    return REQUESTS.getOrDefault(method.getName(), List.of());
  }

  /** The media type that it answers; empty: what the agent says. */
  static String answer(MethodDescriptor method) {
    return ANSWERS.getOrDefault(method.getName(), "");
  }

  /** Whether it may be asked for a part: a file is, a tar is made anew each time. */
  static boolean answersRanges(MethodDescriptor method) {
    return answer(method).equals(BYTES);
  }
}
