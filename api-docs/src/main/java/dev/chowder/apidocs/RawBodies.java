package dev.chowder.apidocs;

import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.chowder.api.v1.Rpc;
import java.util.List;

/** The media types of file bodies, which descriptors of {@code HttpBody} do not contain. */
final class RawBodies {
  static final String FORM = "multipart/form-data";
  static final String BYTES = "application/octet-stream";

  private RawBodies() {}

  /** Returns the media types that the method accepts; empty if it accepts JSON. */
  static List<String> request(MethodDescriptor method) {
    return mediaTypes(method, Rpc.Streaming.upload);
  }

  /**
   * Returns the media types of the request that generators of clients know. A generator leaves a
   * call out if it does not know the type of its body.
   */
  static List<String> knownToGenerators(MethodDescriptor method) {
    return request(method).stream()
        .filter(type -> type.equals(FORM) || type.equals(BYTES))
        .toList();
  }

  /** Returns the media type of the response; empty if the agent chooses it. */
  static String answer(MethodDescriptor method) {
    return mediaTypes(method, Rpc.Streaming.download).stream().findFirst().orElse("");
  }

  /**
   * Returns whether the method supports range requests. A file does; a tar is created again for
   * each request.
   */
  static boolean answersRanges(MethodDescriptor method) {
    return answer(method).equals(BYTES);
  }

  private static List<String> mediaTypes(MethodDescriptor method, Rpc.Streaming direction) {
    var declared = RestCall.declared(method);
    return declared.getStreaming() == direction ? declared.getMediaTypesList() : List.of();
  }
}
