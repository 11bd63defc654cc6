package dev.chowder.server;

import com.google.protobuf.Descriptors.MethodDescriptor;
import java.util.List;
import java.util.Map;

/** Bodies of files: what they are, which no descriptor of {@code HttpBody} says. */
final class RawBodies {
  static final String FORM = "multipart/form-data";
  static final String BYTES = "application/octet-stream";

  private static final Map<String, List<String>> REQUESTS =
      Map.of("UploadFile", List.of(FORM, BYTES));
  private static final Map<String, String> ANSWERS = Map.of("DownloadFile", BYTES);

  private RawBodies() {}

  /** The media types that it takes; empty: what it takes is JSON. */
  static List<String> request(MethodDescriptor method) {
    return REQUESTS.getOrDefault(method.getName(), List.of());
  }

  /** The media type that it answers; empty: what the agent says. */
  static String answer(MethodDescriptor method) {
    return ANSWERS.getOrDefault(method.getName(), "");
  }
}
