package dev.chowder.sandbox.docker;

import com.github.dockerjava.transport.DockerHttpClient;
import java.io.IOException;

/**
 * Asks each question on a connection of its own. An engine that shuts down takes no new connections
 * at once, but goes on to serve those that are open: there it tells that containers ended, and
 * starts others, which end with it. So an end that its own end caused would be taken for a crash,
 * and the restart after it would be lost as well.
 */
final class FreshConnections implements DockerHttpClient {
  private final DockerHttpClient client;

  FreshConnections(DockerHttpClient client) {
    this.client = client;
  }

  @Override
  public Response execute(Request request) {
    // What is hijacked upgrades its connection, which nobody else gets then.
    return client.execute(
        request.hijackedInput() == null
            ? Request.builder().from(request).putHeader("Connection", "close").build()
            : request);
  }

  @Override
  public void close() throws IOException {
    client.close();
  }
}
