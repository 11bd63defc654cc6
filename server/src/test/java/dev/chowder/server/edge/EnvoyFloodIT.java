package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Floods of callers without a valid key, next to a caller with one, through a real Envoy. Each test
 * uses its own client addresses.
 */
@Timeout(120)
class EnvoyFloodIT {
  private static final int NO_KEY_BURST = 60;
  private static final int UNKNOWN_BURST = 30;
  private static final int FLOOD_CONNECTIONS = 40;
  private static final int FLOOD_STREAMS = 100;
  private static final int CALLS_IN_A_ROW = 64;
  private static final int GET_PARTS = 192;

  /** Together, three times as many calls as one connection to the server takes. */
  private static final int BURST_CONNECTIONS = 12;

  private static final int BURST_STREAMS = 250;

  /** The maximum of open requests at one node. */
  private static final int OPEN_REQUESTS = 20_000;

  private static final Map<String, String> GRPC =
      Map.of("content-type", "application/grpc", "te", "trailers");
  private static final int MIB = 1 << 20;
  private static final int LARGE = 4 * MIB - 1;

  @RegisterExtension
  static final EdgeWithEnvoy EDGE =
      new EdgeWithEnvoy(
          Map.of(
              "CHOWDER_BODY_SECONDS", "1",
              "CHOWDER_NO_KEY_BURST", "" + NO_KEY_BURST,
              "CHOWDER_NO_KEY_PER_SECOND", "1"),
          Map.of(
              "chowder.unknown.burst",
              UNKNOWN_BURST,
              "chowder.unknown.per-second",
              1,
              "chowder.rate.max-rejection-delay",
              "20ms"));

  @Test
  void bodiesWithoutAValidKeyAreNotHeld() throws Exception {
    long before = EDGE.envoy().allocatedBytes();
    var flood = new ArrayList<Slow>();
    try {
      for (int n = 0; n < 20; n++) {
        flood.add(Slow.post("127.0.1.1", "/v1/instances", "Content-Length: " + LARGE));
        flood.add(
            Slow.post(
                "127.0.1.2",
                "/v1/instances",
                "Content-Length: " + LARGE + "\r\nAuthorization: Bearer " + unknownKey(n)));
      }
      // All but the last byte of each body.
      for (var slow : flood) slow.send(LARGE - 1);
      var refused = new ArrayList<Integer>();
      for (int n = 0; n < 50; n++) {
        int status = EDGE.call("POST", "/v1/instances", named("x".repeat(20_000))).status();
        if (status != 400) refused.add(status);
        if (EDGE.call("GET", "/v1/organization").status() != 200) refused.add(n);
      }
      assertThat(refused).as("calls with a key that were not answered").isEmpty();
      for (var slow : flood) slow.awaitSent();
      long grown = EDGE.envoy().allocatedBytes() - before;
      System.out.printf(
          "40 bodies of 4 MiB without a valid key: Envoy grew by %d KiB%n", grown >> 10);
      assertThat(grown).isLessThan(32L * MIB);
    } finally {
      for (var slow : flood) slow.close();
    }
  }

  /**
   * Envoy used to wait for the end of a small body before it checked the key. A client without a
   * key could then hold many streams of one connection.
   */
  @Test
  void stalledSmallBodiesWithUnknownKeysAreNotHeld(@TempDir Path folder) throws Exception {
    try (var envoy = EDGE.anotherEnvoy(folder, Map.of("CHOWDER_BODY_SECONDS", "30"))) {
      var to = Edge.loopback(envoy.port());
      long before = envoy.allocatedBytes();
      var flood = new ArrayList<RawHttp2>();
      try {
        for (int c = 0; c < FLOOD_CONNECTIONS; c++) {
          var connection = RawHttp2.open(to, "127.0.10." + (1 + c % 4));
          flood.add(connection);
          for (int s = 0; s < FLOOD_STREAMS; s++) {
            var headers =
                Map.of(
                    "authorization", "Bearer " + unknownKey(c * FLOOD_STREAMS + s),
                    "content-type", "application/json",
                    "content-length", "9999");
            connection.begin("POST", "/v1/instances", headers, new byte[9_000]);
          }
        }
        long most = 0;
        int open = FLOOD_CONNECTIONS * FLOOD_STREAMS;
        var served = new ArrayList<Long>();
        // Less than the timeout of a body, after which Envoy would end the streams anyway.
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        // Rejections over the limit of an address are delayed, so a few streams stay open for a
        // while.
        while (System.nanoTime() < end && (open > 0 || served.size() < 50)) {
          long began = System.nanoTime();
          assertThat(get(to).status()).isEqualTo(200);
          served.add((System.nanoTime() - began) / 1000);
          most = Math.max(most, envoy.allocatedBytes() - before);
          open = FLOOD_CONNECTIONS * FLOOD_STREAMS;
          for (var connection : flood) open -= connection.ended().size();
        }
        System.out.printf(
            "%d stalled bodies of 9 KB with unknown keys on %d HTTP/2 connections: %d are held,"
                + " Envoy grew by %d KiB; %d calls with a key beside them, the slowest took %d"
                + " us%n",
            FLOOD_CONNECTIONS * FLOOD_STREAMS,
            FLOOD_CONNECTIONS,
            open,
            most >> 10,
            served.size(),
            served.stream().max(Long::compare).orElseThrow());
        assertThat(open).as("streams with an unknown key that are held").isZero();
        for (var connection : flood) {
          assertThat(connection.ended().values())
              .allMatch(body -> body.contains("KEY_INVALID") || body.contains("RATE_LIMITED"));
        }
        // Each connection costs Envoy some memory, whatever is sent on it.
        long afterwards = envoy.allocatedBytes() - before;
        assertThat(afterwards).isLessThan(16L * MIB);
      } finally {
        for (var connection : flood) connection.close();
      }
    }
  }

  /** On HTTP/2 the headers do not show that a GET has no body. */
  @Test
  void aGetWithAnUnknownKeyIsRejectedByItsHeaders() throws Exception {
    try (var connection = RawHttp2.open(EDGE.rest(), "127.0.11.1")) {
      for (String method : new String[] {"GET", "DELETE"}) {
        var key = Map.of("authorization", "Bearer " + unknownKey(method.length()));
        int stream = connection.begin(method, "/v1/instances/" + id(0), key, new byte[100]);
        Await.until(() -> connection.ended().containsKey(stream));
        assertThat(connection.ended().get(stream)).contains("KEY_INVALID");
      }
    }
  }

  /** The body of a GET is not counted, because common clients send none. */
  @Test
  void bodiesOfGetsAreNotHeld(@TempDir Path folder) throws Exception {
    try (var envoy = EDGE.anotherEnvoy(folder, Map.of("CHOWDER_BODY_SECONDS", "60"))) {
      var to = Edge.loopback(envoy.port());
      long before = envoy.allocatedBytes();
      var flood = new ArrayList<RawHttp2>();
      int parts = 0;
      try {
        for (int n = 0; n < 20; n++) {
          var connection = RawHttp2.open(to, "127.0.14.1");
          flood.add(connection);
          var method = n % 2 == 0 ? "GET" : "DELETE";
          var key = Map.of("authorization", "Bearer " + Edge.KEY);
          int stream = connection.begin(method, "/v1/instances/" + id(0), key, new byte[0]);
          for (; parts < (n + 1) * GET_PARTS; parts++) {
            connection.more(stream, new byte[16_384]);
          }
        }
        Await.until(() -> envoy.stat("http.rest.downstream_rq_active") >= 20);
        long grown = envoy.allocatedBytes() - before;
        System.out.printf(
            "20 GET and DELETE with bodies of 3 MiB: Envoy grew by %d KiB%n", grown >> 10);
        assertThat(grown).isLessThan(16L * MIB);
        for (var connection : flood) {
          connection.end(1);
          Await.until(() -> connection.ended().containsKey(1));
          assertThat(connection.ended().get(1)).contains("INSTANCE_NOT_FOUND");
        }
      } finally {
        for (var connection : flood) connection.close();
      }
    }
  }

  /** Streams of gRPC's own services need no key and have no time limit. */
  @Test
  void streamsWithoutAKeyDoNotBlockCallers(@TempDir Path folder) throws Exception {
    try (var envoy = EDGE.anotherEnvoy(folder, Map.of("CHOWDER_NO_KEY_BURST", "30000"))) {
      var to = Edge.loopback(envoy.port());
      var flood = new ArrayList<RawHttp2>();
      try {
        for (int c = 0; c < OPEN_REQUESTS / 250 + 1; c++) {
          var connection = RawHttp2.open(to, "127.0.15." + (1 + c % 4));
          flood.add(connection);
          for (int s = 0; s < 250; s++) {
            connection.begin("POST", "/grpc.health.v1.Health/Watch", GRPC, new byte[5]);
          }
        }
        // Sent after the complete flood, on the same connection.
        var last = flood.getLast();
        int call =
            last.begin(
                "GET",
                "/v1/organization",
                Map.of("authorization", "Bearer " + Edge.KEY),
                new byte[0]);
        last.end(call);
        Await.until(() -> last.ended().containsKey(call));
        long open = envoy.stat("cluster.server.upstream_rq_active");
        System.out.printf("%d streams without a key are held%n", open);
        assertThat(last.ended().get(call)).contains("subscription_tier");
        assertThat(get(to).status()).isEqualTo(200);
        assertThat(open).isLessThan(OPEN_REQUESTS / 10);
      } finally {
        for (var connection : flood) connection.close();
      }
    }
  }

  /** Their gRPC routes differ from their REST routes. */
  @Test
  void grpcMessagesWithoutAKeyMustBeSmallAndFast() throws Exception {
    var headers = new HashMap<>(GRPC);
    for (String forged : new String[] {"", "/v1/organization/signup"}) {
      if (!forged.isEmpty()) headers.put("x-envoy-original-path", forged);
      for (String method :
          new String[] {"OrganizationService/SignUp", "SubscriptionService/ReceiveStripeEvent"}) {
        try (var connection = RawHttp2.open(EDGE.rest(), "127.0.16.1")) {
          var path = "/chowder.v1." + method;
          int large = connection.begin("POST", path, headers, announced(8 * MIB));
          for (int n = 0; n < 40 && !connection.ended().containsKey(large); n++) {
            connection.more(large, new byte[16_384]);
          }
          int slow = connection.begin("POST", path, headers, announced(1000));
          Await.until(() -> connection.ended().keySet().containsAll(List.of(large, slow)));
        }
      }
    }
  }

  /** Returns the start of a gRPC message of this length. */
  private static byte[] announced(int bytes) {
    return ByteBuffer.allocate(100).put((byte) 0).putInt(bytes).array();
  }

  /**
   * The first calls are sent before Envoy knows how many the server takes on one connection; other
   * calls wait for a connection. Some clients end a request after its headers with an empty part.
   */
  @Test
  void moreCallsThanAConnectionTakesAreServedAtOnce(@TempDir Path folder) throws Exception {
    try (var envoy = EDGE.anotherEnvoy(folder, Map.of())) {
      var to = Edge.loopback(envoy.port());
      var key = Map.of("authorization", "Bearer " + Edge.KEY);
      var burst = new ArrayList<RawHttp2>();
      try {
        for (int c = 0; c < BURST_CONNECTIONS; c++) burst.add(RawHttp2.open(to, "127.0.17.1"));
        for (var connection : burst) {
          for (int s = 0; s < BURST_STREAMS; s += 2) {
            connection.get("/v1/organization", key);
            connection.end(connection.begin("GET", "/v1/organization", key, new byte[0]));
          }
        }
        for (var connection : burst) {
          Await.until(() -> connection.ended().size() == BURST_STREAMS);
          assertThat(connection.ended().values())
              .allMatch(body -> body.contains("subscription_tier"));
        }
      } finally {
        for (var connection : burst) connection.close();
      }
    }
  }

  /** Makes more calls than there may be bodies of unknown length at once. */
  @Test
  void callsWithoutABodyDoNotCountAsLarge() throws Exception {
    var path = "/v1/instances/" + EDGE.create("stopped") + "/stop";
    for (int n = 0; n < CALLS_IN_A_ROW; n++) {
      RestErrors.check(EDGE.call("POST", path), 409, 9, "WRONG_STATE");
    }
    try (var connection = RawHttp2.open(EDGE.rest(), "127.0.12.1")) {
      var key = Map.of("authorization", "Bearer " + Edge.KEY);
      for (int n = 0; n < CALLS_IN_A_ROW; n++) {
        int stream = connection.begin("POST", path, key, new byte[0]);
        connection.end(stream);
        Await.until(() -> connection.ended().containsKey(stream));
        assertThat(connection.ended().get(stream)).contains("WRONG_STATE");
      }
      int large = connection.begin("POST", path, key, new byte[16_000]);
      connection.more(large, new byte[16_000]);
      Await.until(() -> connection.ended().containsKey(large));
      // Envoy may read more than the limit during the check. Then the timeout ends the body.
      assertThat(connection.ended().get(large)).containsAnyOf("TOO_LARGE", "REQUEST_INCOMPLETE");
    }
  }

  private static RawHttp.Answer get(InetSocketAddress to) throws IOException {
    return RawHttp.send(
        to,
        RawHttp.Request.of("GET", "/v1/organization").with("Authorization", "Bearer " + Edge.KEY));
  }

  @Test
  void aCallerWithAKeyIsServedDuringAFloodWithoutOne() throws Exception {
    var alone = timed(200);
    var stop = new CountDownLatch(1);
    var flooded = new AtomicInteger();
    for (int n = 0; n < 16; n++) {
      var address = "127.0.8." + (1 + n % 4);
      boolean withKeys = n % 2 == 0;
      Thread.ofVirtual().start(() -> flood(address, withKeys, stop, flooded));
    }
    try {
      var beside = timed(200);
      System.out.printf(
          "GET with a key, p99: alone %d us, beside %d calls without a valid one %d us%n",
          alone.get(197), flooded.get(), beside.get(197));
    } finally {
      stop.countDown();
    }
    assertThat(flooded.get()).isPositive();
  }

  private static void flood(
      String from, boolean withKeys, CountDownLatch stop, AtomicInteger flooded) {
    var without = RawHttp.Request.of("GET", "/v1/organization");
    while (stop.getCount() > 0) {
      try {
        var answer = from(from, withKeys ? withKey("f" + flooded.get()) : without);
        assertThat(answer.status()).isIn(401, 429);
        flooded.incrementAndGet();
      } catch (IOException closed) {
        return;
      }
    }
  }

  /**
   * Returns the sorted times in microseconds of this number of calls with a key, all of which get
   * 200.
   */
  private static List<Long> timed(int calls) throws IOException {
    var times = new ArrayList<Long>();
    for (int n = 0; n < calls; n++) {
      long began = System.nanoTime();
      assertThat(EDGE.call("GET", "/v1/organization").status()).isEqualTo(200);
      times.add((System.nanoTime() - began) / 1000);
    }
    return times.stream().sorted().toList();
  }

  @Test
  void aSlowBodyWithoutAValidKeyIsRejectedByItsHeaders() throws Exception {
    for (String headers :
        new String[] {
          "Content-Length: 9000",
          "Transfer-Encoding: chunked",
          "Content-Length: 9000\r\nAuthorization: Bearer " + unknownKey(1),
          "Content-Length: 100000\r\nAuthorization: Bearer " + unknownKey(1),
          "Transfer-Encoding: chunked\r\nAuthorization: Bearer " + unknownKey(1),
        }) {
      try (var slow = Slow.post("127.0.2.1", "/v1/instances", headers)) {
        RestErrors.check(slow.answer(), 401, 16, "KEY_INVALID");
      }
    }
    for (String path : new String[] {"files/upload?path=a", "files/import"}) {
      try (var slow = Slow.post("127.0.2.1", "/v1/instances/x/" + path, "Content-Length: 100000")) {
        // The edge in these tests has no file service: the server responds without waiting for a
        // byte.
        assertThat(slow.answer().status()).isIn(401, 404, 501);
      }
    }
  }

  @Test
  void aTricklingBodyIsAborted() throws Exception {
    for (String[] call :
        new String[][] {
          {"/v1/organization/signup", "Content-Length: 9000"},
          {"/v1/instances", "Content-Length: 9000\r\nAuthorization: Bearer " + Edge.KEY},
          {"/v1/instances", "Content-Length: 90000\r\nAuthorization: Bearer " + Edge.KEY},
        }) {
      try (var slow = Slow.post("127.0.3.1", call[0], call[1])) {
        slow.trickle();
        RestErrors.check(slow.answer(), 408, 4, "REQUEST_INCOMPLETE");
      }
    }
  }

  @Test
  void aResponseMayTakeLongerThanABody() throws Exception {
    var id = EDGE.create("watched");
    var request =
        RawHttp.Request.of("GET", "/v1/instances/" + id + "/watch")
            .with("Authorization", "Bearer " + Edge.KEY);
    try (var watch = RawHttp.open(EDGE.rest(), request)) {
      assertThat(watch.head().status()).isEqualTo(200);
      assertThat(watch.chunk()).isNotEmpty();
      watch.socket().setSoTimeout(2500);
      assertThatThrownBy(() -> watch.in().read()).isInstanceOf(SocketTimeoutException.class);
      watch.socket().setSoTimeout(20_000);
      EDGE.edge().instances.secondMessage.countDown();
      assertThat(watch.chunk()).isNotEmpty();
    }
  }

  @Test
  void callsWithoutAKeyAcceptNoLargeBody() throws IOException {
    var signUp =
        RawHttp.Request.of("POST", "/v1/organization/signup").json(named("x".repeat(20_000)));
    RestErrors.check(RawHttp.send(EDGE.rest(), signUp), 413, 8, "TOO_LARGE");
  }

  @Test
  void requestsWithoutAKeyAreLimitedByAddress() throws IOException {
    var ask = RawHttp.Request.of("GET", "/v1/organization");
    var limited = limited("127.0.4.1", ask);
    RestErrors.check(limited, 429, 8, "RATE_LIMITED");
    assertThat(limited.header("retry-after")).contains("1");
    assertThat(from("127.0.4.2", ask).status()).isEqualTo(401);
    assertThat(from("127.0.4.1", ask.with("Authorization", "Bearer " + Edge.KEY)).status())
        .isEqualTo(200);
  }

  /** The server's limit for the length of a key must equal Envoy's. */
  @Test
  void tooLongKeysAreLimitedByAddress() throws IOException {
    var _ = limited("127.0.13.1", withKey("a".repeat(129)));
  }

  /**
   * Calls without a valid key until more than ten calls were limited. Returns the last limited
   * response.
   */
  private static RawHttp.Answer limited(String address, RawHttp.Request ask) throws IOException {
    var limited = new ArrayList<RawHttp.Answer>();
    // On a busy machine more calls become available meanwhile.
    for (int n = 0; n < 10 * NO_KEY_BURST && limited.size() <= 10; n++) {
      var answer = from(address, ask);
      assertThat(answer.status()).isIn(401, 429);
      if (answer.status() == 429) {
        assertThat(n).as("answered before the limit").isGreaterThanOrEqualTo(NO_KEY_BURST);
        limited.add(answer);
      }
    }
    assertThat(limited).hasSizeGreaterThan(10);
    return limited.getLast();
  }

  @Test
  void anUnknownKeyIsLookedUpOnceAndManyAreLimitedByAddress() throws IOException {
    EDGE.call("GET", "/v1/organization");
    var lookups = EDGE.edge().keyLookups;
    int before = lookups.get();
    for (int n = 0; n < 10; n++) {
      RestErrors.check(from("127.0.5.1", withKey("same")), 401, 16, "KEY_INVALID");
    }
    assertThat(lookups.get() - before).isEqualTo(1);
    var _ = from("127.0.5.1", withKey("guess"));
    var limited = new ArrayList<RawHttp.Answer>();
    for (int n = 0; n < 3 * UNKNOWN_BURST; n++) {
      var answer = from("127.0.5.1", withKey("guess" + n));
      if (answer.status() == 429) limited.add(answer);
    }
    RestErrors.check(limited.getLast(), 429, 8, "RATE_LIMITED");
    assertThat(lookups.get() - before).isLessThan(2 * UNKNOWN_BURST);
    assertThat(from("127.0.5.2", withKey("guess")).status()).isEqualTo(401);
    // A caller whose key was valid is served even from the address that guesses keys.
    var valid =
        RawHttp.Request.of("GET", "/v1/organization").with("Authorization", "Bearer " + Edge.KEY);
    assertThat(from("127.0.5.1", valid).status()).isEqualTo(200);
  }

  @Test
  void anUnknownHostIsLookedUpOnceAndManyAreLimitedByAddress() throws IOException {
    String known = EDGE.create("stopped");
    EDGE.edge().lookups.put(known, new Lookup.WrongState("stopped", "stopped"));
    RestErrors.check(from("127.0.6.1", host(known)), 503, 14, "INSTANCE_NOT_RUNNING");
    var lookups = EDGE.edge().placeLookups;
    int before = lookups.get();
    for (int n = 0; n < 10; n++) {
      RestErrors.check(from("127.0.6.1", host(id(0))), 404, 5, "INSTANCE_NOT_FOUND");
    }
    assertThat(lookups.get() - before).isEqualTo(1);
    var limited = new ArrayList<RawHttp.Answer>();
    for (int n = 1; n < 3 * UNKNOWN_BURST; n++) {
      var answer = from("127.0.6.1", host(id(n)));
      if (answer.status() == 429) limited.add(answer);
    }
    RestErrors.check(limited.getLast(), 429, 8, "RATE_LIMITED");
    assertThat(limited.getLast().header("retry-after")).isPresent();
    assertThat(lookups.get() - before).isLessThan(2 * UNKNOWN_BURST);
    RestErrors.check(from("127.0.6.1", host(known)), 503, 14, "INSTANCE_NOT_RUNNING");
    RestErrors.check(from("127.0.6.2", host(id(1000))), 404, 5, "INSTANCE_NOT_FOUND");
  }

  @Test
  void theAdminInterfaceIsAUnixSocketOfItsOwnerAlone() throws IOException {
    var socket = EDGE.envoy().admin();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
    var listening = new ArrayList<Integer>();
    for (String line : Files.readAllLines(Path.of("/proc/" + EDGE.envoy().pid() + "/net/tcp"))) {
      var fields = line.strip().split(" +", -1);
      if (fields[3].equals("0A")
          && opened(EDGE.envoy().pid()).contains("socket:[" + fields[9] + "]")) {
        listening.add(Integer.parseInt(fields[1].split(":", 2)[1], 16));
      }
    }
    assertThat(listening).containsOnly(EDGE.envoy().port(), EDGE.envoy().operatorPort());
  }

  private static List<String> opened(long pid) throws IOException {
    var names = new ArrayList<String>();
    try (var links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (var link : links.toList()) {
        try {
          names.add(Files.readSymbolicLink(link).toString());
        } catch (java.nio.file.NoSuchFileException closed) {
          // The process closed it meanwhile.
        }
      }
    }
    return names;
  }

  @Test
  void envoyShedsLoadBeforeItsHeapIsFull(@TempDir Path folder) throws Exception {
    long most = 160L * MIB;
    try (var envoy =
        EDGE.anotherEnvoy(
            folder,
            Map.of("CHOWDER_ENVOY_MAX_HEAP_BYTES", "" + most, "CHOWDER_BODY_SECONDS", "60"))) {
      var to = Edge.loopback(envoy.port());
      var flood = new ArrayList<Slow>();
      try {
        // One organization alone cannot have this many bytes in progress.
        for (int n = 0; n < 100; n++) {
          flood.add(large(to, n % 2 == 0 ? Edge.KEY : Edge.OTHER_KEY));
          flood.getLast().send(LARGE - 1);
        }
        var full = "overload.envoy.overload_actions.stop_accepting_requests.active";
        Await.until(() -> envoy.stat(full) == 1);
      } finally {
        for (var slow : flood) slow.close();
      }
      // Requests that it rejects while it is full are served again later.
      var ask =
          RawHttp.Request.of("GET", "/v1/organization").with("Authorization", "Bearer " + Edge.KEY);
      Await.until(() -> RawHttp.send(to, ask).status() == 200);
    }
  }

  /** Uses HTTP/1.1, because Envoy resets large streams of HTTP/2 only. */
  @Test
  void anOrganizationCannotFillEnvoysHeapWithBodies(@TempDir Path folder) throws Exception {
    // Envoy itself (16 MiB), the burst (128), the refill in the time of a body (40), and what Envoy
    // reads of other bodies before they are rejected (68) must stay below 95 % together.
    var limits =
        Map.of("CHOWDER_ENVOY_MAX_HEAP_BYTES", "" + 320L * MIB, "CHOWDER_BODY_SECONDS", "5");
    try (var envoy = EDGE.anotherEnvoy(folder, limits)) {
      var to = Edge.loopback(envoy.port());
      long before = envoy.allocatedBytes();
      var flood = new ArrayList<Slow>();
      try {
        for (int n = 0; n < 100; n++) {
          flood.add(large(to, Edge.OTHER_KEY));
          flood.getLast().send(LARGE - 1);
        }
        for (var slow : flood) slow.awaitSent();
        var failed = new ArrayList<Integer>();
        for (int n = 0; n < 50; n++) failed.add(get(to).status());
        failed.removeIf(status -> status == 200);
        long grown = envoy.allocatedBytes() - before;
        System.out.printf(
            "100 bodies of 4 MiB of one organization on HTTP/1.1: Envoy grew by %d MiB; of 50 calls"
                + " of another organization %d failed%n",
            grown / MIB, failed.size());
        assertThat(failed).isEmpty();
        assertThat(grown).isLessThan(200L * MIB);
      } finally {
        for (var slow : flood) slow.close();
      }
    }
  }

  private static Slow large(InetSocketAddress to, String key) throws IOException {
    return Slow.post(
        to,
        "127.0.7.1",
        "/v1/instances",
        "Content-Length: " + LARGE + "\r\nAuthorization: Bearer " + key);
  }

  /** An event needs no key and may be large, so it has less time than other bodies. */
  @Test
  void aSlowEventIsAbortedBeforeOtherBodies(@TempDir Path folder) throws Exception {
    try (var envoy = EDGE.anotherEnvoy(folder, Map.of("CHOWDER_BODY_SECONDS", "60"))) {
      var to = Edge.loopback(envoy.port());
      try (var slow = Slow.post(to, "127.0.9.1", "/v1/webhooks/stripe", "Content-Length: 200000")) {
        slow.trickle();
        RestErrors.check(slow.answer(), 408, 4, "REQUEST_INCOMPLETE");
      }
    }
  }

  private static RawHttp.Request withKey(String guess) {
    return RawHttp.Request.of("GET", "/v1/organization")
        .with("Authorization", "Bearer chd_org_" + guess);
  }

  private static String unknownKey(int n) {
    return "chd_org_" + "%043d".formatted(n);
  }

  private static RawHttp.Request host(String id) {
    return RawHttp.Request.of("GET", "/").with("Host", id + ".localhost");
  }

  private static String id(int n) {
    return "01900000-0000-7000-8000-%012d".formatted(n);
  }

  private static String named(String name) {
    return "{\"name\":\"" + name + "\"}";
  }

  private static RawHttp.Answer from(String address, RawHttp.Request request) throws IOException {
    try (var socket = connect(EDGE.rest(), address)) {
      return RawHttp.over(socket, request.with("Connection", "close")).whole();
    }
  }

  private static Socket connect(InetSocketAddress to, String from) throws IOException {
    var socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(to, 10_000);
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** A POST whose body never ends. */
  private static final class Slow implements AutoCloseable {
    private final Socket socket;
    private final CountDownLatch sent = new CountDownLatch(1);

    private Slow(Socket socket) {
      this.socket = socket;
    }

    static Slow post(String from, String path, String headers) throws IOException {
      return post(EDGE.rest(), from, path, headers);
    }

    static Slow post(InetSocketAddress to, String from, String path, String headers)
        throws IOException {
      var slow = new Slow(connect(to, from));
      slow.socket
          .getOutputStream()
          .write(
              ("POST "
                      + path
                      + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                      + headers
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return slow;
    }

    /** Sends this number of bytes in the background, or as many as are accepted. */
    void send(int bytes) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  socket.getOutputStream().write(new byte[bytes]);
                } catch (IOException closed) {
                  // The server rejected the request.
                } finally {
                  sent.countDown();
                }
              });
    }

    void awaitSent() throws InterruptedException {
      assertThat(sent.await(20, TimeUnit.SECONDS)).as("a body was sent or rejected").isTrue();
    }

    /** Sends a byte from time to time until it is closed. */
    void trickle() {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  while (!sent.await(50, TimeUnit.MILLISECONDS)) {
                    socket.getOutputStream().write(' ');
                  }
                } catch (IOException closed) {
                  // Envoy responded and closed the connection.
                } catch (InterruptedException end) {
                  Thread.currentThread().interrupt();
                }
              });
    }

    RawHttp.Answer answer() throws IOException {
      return new RawHttp.Exchange(socket).whole();
    }

    @Override
    public void close() throws IOException {
      sent.countDown();
      socket.close();
    }
  }
}
