package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Organization;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** gRPC messages whose last byte does not come, at a server on the network. */
@Timeout(60)
class IncompleteMessagesTest {
  private static final int MIB = 1 << 20;
  private static final int PART = 16_384;
  private static final int FLOOD = 6;
  private static final String REFLECTION =
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  private static final String GET = "/chowder.v1.OrganizationService/GetOrganization";

  private Edge edge;
  private ManagedChannel channel;

  @BeforeEach
  void start(@TempDir Path folder) throws Exception {
    edge = new Edge(folder, Map.of("chowder.grpc.max-incomplete-bytes", 16 * MIB));
    channel =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1", edge.grpc.port(), InsecureChannelCredentials.create())
            .build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    edge.close();
  }

  @Test
  void callersWithoutAKeyHoldALimitedNumberOfBytes() throws Exception {
    try (var connection = connect()) {
      flood(connection, REFLECTION, Map.of());
      assertThat(organization(Edge.KEY).getId()).isNotEmpty();
    }
  }

  @Test
  void anOrganizationHoldsALimitedNumberOfBytesAndOthersAreServed() throws Exception {
    var key = Map.of("authorization", "Bearer " + Edge.OTHER_KEY);
    try (var connection = connect()) {
      flood(connection, GET, key);
      assertThat(organization(Edge.KEY).getId()).isNotEmpty();
      assertThat(organization(Edge.OTHER_KEY).getId()).as("a small message").isNotEmpty();
    }
    // The server hears of the end of a connection after its client.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!takesALargeMessage(key)) assertThat(System.nanoTime()).isLessThan(deadline);
  }

  private boolean takesALargeMessage(Map<String, String> key) throws Exception {
    try (var connection = connect()) {
      int stream = begin(connection, GET, key);
      send(connection, stream, 7 * MIB);
      return !connection.ended().containsKey(stream);
    }
  }

  private RawHttp2 connect() throws IOException {
    return RawHttp2.open(Edge.loopback(edge.grpc.port()), "127.0.0.1");
  }

  /** Opens calls whose messages have 8 MiB, and sends 7 of each that is not ended. */
  private static void flood(RawHttp2 connection, String path, Map<String, String> headers)
      throws Exception {
    var streams = new ArrayList<Integer>();
    for (int n = 0; n < FLOOD; n++) {
      streams.add(begin(connection, path, headers));
      send(connection, streams.getLast(), 7 * MIB);
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    // 12 of 16 MiB are one call's and a part of another.
    while (connection.ended().size() < FLOOD - 1) {
      assertThat(System.nanoTime())
          .as("%d of %d calls were ended", connection.ended().size(), FLOOD)
          .isLessThan(deadline);
      Thread.sleep(20);
    }
    assertThat(connection.ended()).doesNotContainKey(streams.getFirst());
  }

  private static int begin(RawHttp2 connection, String path, Map<String, String> headers)
      throws Exception {
    var all = new HashMap<>(headers);
    all.put("content-type", "application/grpc");
    all.put("te", "trailers");
    return connection.begin(
        "POST", path, all, ByteBuffer.allocate(5).put((byte) 0).putInt(8 * MIB).array());
  }

  private static void send(RawHttp2 connection, int stream, int bytes) throws Exception {
    for (int sent = 0; sent < bytes && !connection.ended().containsKey(stream); sent += PART) {
      connection.more(stream, new byte[PART]);
    }
  }

  private Organization organization(String key) {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + key);
    return OrganizationServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .getOrganization(GetOrganizationRequest.getDefaultInstance());
  }
}
