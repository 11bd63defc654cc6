package dev.chowder.sandbox.docker;

import com.github.dockerjava.transport.DockerHttpClient;
import java.io.IOException;

/**
 * Sends each request on its own connection. An engine that shuts down accepts no new connections
 * but keeps serving open ones. On an open one it reports that containers ended, and starts
 * containers, which end with it. Chowder would take an end that the shutdown caused for a crash,
 * and the restart after it would be lost too.
 */
record FreshConnections(DockerHttpClient client) implements DockerHttpClient {
  @Override
  public Response execute(Request request) {
    // A hijacked request upgrades its connection, which is not reused afterwards.
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
