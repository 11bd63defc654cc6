package dev.chowder.client;

import java.io.FileNotFoundException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;

/**
 * The body of a call. It can be sent several times.
 *
 * @param contentType such as {@code application/json}
 */
public record Body(String contentType, BodyPublisher publisher) {
  static {
    // A body may be the first object of the HTTP client in the JVM.
    LocalHost.permitHostHeader();
  }

  public static Body json(String json) {
    return new Body("application/json", BodyPublishers.ofString(json));
  }

  /** Returns the bytes of a file, which are read as they are sent. */
  public static Body file(Path file, String contentType) throws FileNotFoundException {
    return new Body(contentType, BodyPublishers.ofFile(file));
  }
}
