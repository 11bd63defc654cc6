package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Organization;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.base.Await;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** gRPC messages whose last byte never arrives, at a server on the network. */
@Timeout(60)
class IncompleteMessagesTest {
  private static final int MIB = 1 << 20;
  private static final int PART = 16_384;
  private static final int FLOOD = 6;
  private static final int SMALL_MESSAGES = 900;
  private static final int SMALL_BYTES = 24_000;
  private static final String REFLECTION =
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  private static final String GET = "/chowder.v1.OrganizationService/GetOrganization";

  private static final String CREATE = "/chowder.v1.InstanceService/CreateInstance";

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
    // The server learns of the end of a connection after the client does.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!takesALargeMessage(key)) assertThat(System.nanoTime()).isLessThan(deadline);
  }

  @Test
  void completeMessagesOfUnfinishedRequestsAreLimitedToo() throws Exception {
    try (var connection = connect()) {
      var streams = new ArrayList<Integer>();
      for (int n = 0; n < FLOOD; n++) {
        streams.add(
            sendWhole(connection, GET, Map.of("authorization", "Bearer " + Edge.OTHER_KEY), 3));
      }
      // 12 of 16 MiB belong to one organization.
      awaitEnded(connection, FLOOD - 4);
      assertThat(connection.ended()).doesNotContainKeys(streams.get(0), streams.get(1));
      assertThat(organization(Edge.KEY).getId()).isNotEmpty();
    }
  }

  @Test
  void compressedMessagesCountWithTheirUncompressedSize() throws Exception {
    try (var connection = connect()) {
      var headers = Map.of("authorization", "Bearer " + Edge.OTHER_KEY, "grpc-encoding", "gzip");
      for (int n = 0; n < FLOOD; n++) {
        var packed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(packed)) {
          gzip.write(message(3 * MIB));
        }
        int stream = connection.begin("POST", GET, grpc(headers), prefix(1, packed.size()));
        sendAll(connection, stream, packed.toByteArray());
      }
      awaitEnded(connection, FLOOD - 4);
    }
  }

  @Test
  void servicesWithoutAKeyAcceptOnlySmallRequests() throws Exception {
    try (var connection = connect()) {
      for (var path : List.of("/grpc.health.v1.Health/Check", REFLECTION)) {
        var _ = sendWhole(connection, path, Map.of(), 1);
      }
      awaitEnded(connection, 2);
    }
  }

  @Test
  void anOrganizationsSmallMessagesDoNotBlockOthers() throws Exception {
    try (var connection = connect()) {
      for (int n = 0; n < SMALL_MESSAGES; n++) {
        int stream = begin(connection, GET, Map.of("authorization", "Bearer " + Edge.OTHER_KEY));
        sendAll(connection, stream, new byte[SMALL_BYTES]);
      }
      // 12 of 16 MiB belong to one organization.
      awaitEnded(connection, SMALL_MESSAGES - 12 * MIB / SMALL_BYTES - 1);
      var request = GetOrganizationRequest.parseFrom(message(2 * SMALL_BYTES));
      assertThat(organization(Edge.KEY, request).getId()).isNotEmpty();
    }
  }

  @Test
  void aCallThatIsRejectedIsNotPerformed() throws Exception {
    var key = Map.of("authorization", "Bearer " + Edge.OTHER_KEY);
    try (var connection = connect()) {
      // Everything that the organization may hold, except for a few bytes.
      for (int n = 0; n < 4; n++) {
        int stream = begin(connection, GET, key);
        send(connection, stream, 3 * MIB - PART / 2);
      }
      var create =
          CreateInstanceRequest.newBuilder()
              .setName("x")
              .setModelProvider("custom")
              .setUnknownFields(unknownField(40_000))
              .build()
              .toByteArray();
      int stream = connection.begin("POST", CREATE, grpc(key), prefix(0, create.length));
      sendAll(connection, stream, create);
      connection.end(stream);
      awaitEnded(connection, 1);
      assertThat(connection.ended()).containsOnlyKeys(stream);
      assertThat(edge.instances.known).isEmpty();
    }
  }

  private static void awaitEnded(RawHttp2 connection, int calls) throws Exception {
    Await.until(
        Await.LIMIT,
        () -> connection.ended().size() >= calls,
        () -> "%d of %d calls were ended".formatted(connection.ended().size(), calls));
  }

  /** Sends a complete message without ending the request. */
  private static int sendWhole(
      RawHttp2 connection, String path, Map<String, String> headers, int mebibytes)
      throws Exception {
    var message = message(mebibytes * MIB);
    int stream = connection.begin("POST", path, grpc(headers), prefix(0, message.length));
    sendAll(connection, stream, message);
    return stream;
  }

  /** Returns a message that each RPC can parse: it has one unknown field. */
  private static byte[] message(int bytes) {
    return GetOrganizationRequest.newBuilder()
        .setUnknownFields(unknownField(bytes))
        .build()
        .toByteArray();
  }

  private static UnknownFieldSet unknownField(int bytes) {
    return UnknownFieldSet.newBuilder()
        .addField(
            15,
            UnknownFieldSet.Field.newBuilder()
                .addLengthDelimited(ByteString.copyFrom(new byte[bytes]))
                .build())
        .build();
  }

  private static void sendAll(RawHttp2 connection, int stream, byte[] bytes) throws Exception {
    for (int sent = 0; sent < bytes.length && !connection.ended().containsKey(stream); ) {
      int next = Math.min(sent + PART, bytes.length);
      connection.more(stream, Arrays.copyOfRange(bytes, sent, next));
      sent = next;
    }
  }

  private static byte[] prefix(int compressed, int length) {
    return ByteBuffer.allocate(5).put((byte) compressed).putInt(length).array();
  }

  private static Map<String, String> grpc(Map<String, String> headers) {
    var all = new HashMap<>(headers);
    all.put("content-type", "application/grpc");
    all.put("te", "trailers");
    return all;
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

  /** Opens calls with messages of 8 MiB, and sends 7 MiB of each. */
  private static void flood(RawHttp2 connection, String path, Map<String, String> headers)
      throws Exception {
    var streams = new ArrayList<Integer>();
    for (int n = 0; n < FLOOD; n++) {
      streams.add(begin(connection, path, headers));
      send(connection, streams.getLast(), 7 * MIB);
    }
    // 12 of 16 MiB belong to one call and to part of another.
    awaitEnded(connection, FLOOD - 1);
    assertThat(connection.ended()).doesNotContainKey(streams.getFirst());
  }

  private static int begin(RawHttp2 connection, String path, Map<String, String> headers)
      throws Exception {
    return connection.begin("POST", path, grpc(headers), prefix(0, 8 * MIB));
  }

  private static void send(RawHttp2 connection, int stream, int bytes) throws Exception {
    for (int sent = 0; sent < bytes && !connection.ended().containsKey(stream); sent += PART) {
      connection.more(stream, new byte[PART]);
    }
  }

  private Organization organization(String key) {
    return organization(key, GetOrganizationRequest.getDefaultInstance());
  }

  private Organization organization(String key, GetOrganizationRequest request) {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + key);
    return OrganizationServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .getOrganization(request);
  }
}
