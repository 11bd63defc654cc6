package dev.chowder.simulator;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests over raw sockets what simulated gateways need from their server. */
class FakeHttpTest {
  private static final int MAX_BYTES = 8 << 20;
  private static final int TIMEOUT_MILLIS = 30_000;

  /** More than any pool of Jetty has by default. */
  private static final int HELD = 300;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient http = HttpClient.newBuilder().executor(threads).build();
  private final CountDownLatch held = new CountDownLatch(HELD);
  private final CountDownLatch thawed = new CountDownLatch(1);
  private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
  private FakeHttp server;

  @BeforeEach
  void start() throws IOException {
    server = FakeHttp.listen(new InetSocketAddress(0), HELD, threads, this::handle);
  }

  @AfterEach
  void stop() throws IOException {
    http.shutdownNow();
    server.close();
    threads.shutdownNow();
  }

  private void handle(FakeHttp.Exchange exchange) throws IOException {
    switch (exchange.path()) {
      case "/address" -> send(exchange, exchange.at());
      case "/length" -> send(exchange, Integer.toString(exchange.body().length));
      case "/closed" -> {}
      case "/failed" -> throw new IllegalStateException("a bug");
      case "/held" -> {
        held.countDown();
        await(thawed);
        send(exchange, "thawed");
      }
      case "/pieces" -> {
        try (var out = exchange.stream(200, "text/event-stream")) {
          out.write("one".getBytes(UTF_8));
          out.flush();
          await(thawed);
          out.write("two".getBytes(UTF_8));
        }
      }
      case "/cut" -> {
        exchange.stream(200, "text/event-stream").write("one".getBytes(UTF_8));
        throw new IOException("cut");
      }
      default -> exchange.accept(new Echo());
    }
  }

  private static void send(FakeHttp.Exchange exchange, String text) throws IOException {
    exchange.send(200, "text/plain", text.getBytes(UTF_8));
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      assertThat(latch.await(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
    } catch (InterruptedException closing) {
      throw new IOException(closing);
    }
  }

  /** Returns each message, and closes on request. */
  private final class Echo implements FakeSocket.Listener {
    @Override
    public void received(FakeSocket socket, String text) throws IOException {
      received.add(text);
      if (text.equals("close")) socket.close(1008, "unauthorized");
      else if (text.equals("fail")) throw new IOException("closed by the script");
      else socket.send(text);
    }

    @Override
    public void closed(FakeSocket socket) {
      received.add("closed");
    }
  }

  @Test
  void aHandlerKnowsTheAddressThatTheClientCalled() throws Exception {
    for (var address : List.of("127.64.0.1", "127.65.2.3")) {
      try (var client = new Socket(InetAddress.getByName(address), server.port())) {
        write(client, "GET /address?a=b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assertThat(rest(client)).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\n" + address);
      }
    }
  }

  @Test
  void aConnectionServesSeveralRequests() throws Exception {
    try (var client = connect()) {
      write(client, "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
      assertThat(through(client, "\r\n\r\n3")).startsWith("HTTP/1.1 200 ");
      write(client, "POST /length HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
      write(client, "4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n");
      assertThat(through(client, "\r\n\r\n5")).startsWith("HTTP/1.1 200 ");
      write(
          client,
          "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
      assertThat(through(client, "\r\n\r\n")).startsWith("HTTP/1.1 100 ");
      write(client, "ab");
      assertThat(through(client, "\r\n\r\n2")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void aBodyMayHaveEightMebibytes() throws Exception {
    for (var extra : List.of(0, 1)) {
      try (var client = connect()) {
        int length = MAX_BYTES + extra;
        write(client, "POST /length HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
        write(client, "Content-Length: " + length + "\r\n\r\n" + "x".repeat(length));
        if (extra == 0) assertThat(rest(client)).endsWith("\r\n\r\n" + length);
        else assertThat(rest(client)).isEmpty();
      }
    }
  }

  @Test
  void aRequestWithoutAResponseEndsItsConnection() throws Exception {
    for (var path : List.of("/closed", "/failed")) {
      try (var client = connect()) {
        write(client, "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(rest(client)).as(path).isEmpty();
      }
    }
  }

  @Test
  void aFailureDuringAResponseCutsIt() throws Exception {
    try (var client = connect()) {
      write(client, "GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(rest(client)).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\n3\r\none");
    }
  }

  @Test
  void aPieceOfAStreamIsSentAtOnce() throws Exception {
    try (var client = connect()) {
      write(client, "GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(through(client, "\r\n\r\n3\r\none")).contains("text/event-stream");
      thawed.countDown();
      assertThat(through(client, "0\r\n\r\n")).isEqualTo("\r\n3\r\ntwo\r\n0\r\n\r\n");
    }
  }

  @Test
  void heldRequestsStayOpenAndDoNotDelayOthers() throws Exception {
    var clients = new ArrayList<Socket>();
    try {
      for (int i = 0; i < HELD; i++) {
        var client = connect();
        clients.add(client);
        write(client, "GET /held HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      }
      await(held);
      try (var other = connect()) {
        write(other, "GET /length HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assertThat(rest(other)).endsWith("\r\n\r\n0");
      }
      thawed.countDown();
      for (var client : clients) assertThat(rest(client)).endsWith("\r\n\r\nthawed");
    } finally {
      for (var client : clients) client.close();
    }
  }

  @Test
  void aClosedServerEndsConnectionsAndReleasesItsPort() throws Exception {
    int port = server.port();
    var answers = new Answers();
    var _ = open(answers);
    try (var idle = connect()) {
      write(idle, "GET /length HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(through(idle, "\r\n\r\n0")).startsWith("HTTP/1.1 200 ");
      server.close();
      assertThat(rest(idle)).isEmpty();
    }
    assertThat(answers.next()).startsWith("end");
    FakeHttp.listen(new InetSocketAddress(port), 1, threads, this::handle).close();
  }

  @Test
  void aSocketReturnsMessagesInOrderAndAnswersPings() throws Exception {
    var answers = new Answers();
    var socket = open(answers);
    for (int i = 0; i < 5; i++) socket.sendText("message " + i, true).get();
    for (int i = 0; i < 5; i++) assertThat(answers.next()).isEqualTo("text message " + i);
    socket.sendText("a", false).get();
    socket.sendText("b", true).get();
    assertThat(answers.next()).isEqualTo("text ab");
    socket.sendPing(ByteBuffer.wrap("p".getBytes(UTF_8))).get();
    assertThat(answers.next()).isEqualTo("pong p");
    socket.abort();
    awaitClosed();
  }

  @Test
  void aMessageMayHaveEightMebibytes() throws Exception {
    var answers = new Answers();
    var socket = open(answers);
    var longest = "x".repeat(MAX_BYTES);
    socket.sendText(longest, true).get();
    assertThat(answers.next()).isEqualTo("text " + longest);
    var _ = socket.sendText(longest + "x", true);
    assertThat(answers.next()).startsWith("end");
  }

  @Test
  void aSocketIsClosedWithACode() throws Exception {
    var answers = new Answers();
    open(answers).sendText("close", true).get();
    assertThat(answers.next()).isEqualTo("end 1008 unauthorized");
  }

  @Test
  void aFailureEndsASocketWithoutACode() throws Exception {
    var answers = new Answers();
    open(answers).sendText("fail", true).get();
    assertThat(answers.next()).isEqualTo("end without a code");
    awaitClosed();
  }

  @Test
  void messagesAfterAFailureAreNotHandled() throws Exception {
    try (var client = connect()) {
      write(client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
      write(
          client,
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
      assertThat(through(client, "\r\n\r\n")).startsWith("HTTP/1.1 101 ");
      write(client, frame("fail") + frame("late"));
      assertThat(rest(client)).isEmpty();
    }
    awaitClosed();
    assertThat(received).doesNotContain("late");
  }

  /** Returns a short message as a frame whose mask changes nothing. */
  private static String frame(String text) {
    return "\u0081" + (char) (0x80 | text.length()) + "\0\0\0\0" + text;
  }

  private void awaitClosed() {
    Await.until(() -> received.contains("closed"));
  }

  private WebSocket open(Answers answers) throws Exception {
    return http.newWebSocketBuilder()
        .connectTimeout(Duration.ofMillis(TIMEOUT_MILLIS))
        .buildAsync(URI.create("ws://127.0.0.1:" + server.port() + "/"), answers)
        .get();
  }

  /** Records what a client receives. */
  private static final class Answers implements WebSocket.Listener {
    private final BlockingQueue<String> all = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();

    String next() throws InterruptedException {
      var next = all.poll(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
      return next == null ? "nothing" : next;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        all.add("text " + text);
        text.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
      all.add("pong " + UTF_8.decode(message));
      from.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
      all.add(code == 1006 ? "end without a code" : "end " + code + " " + reason);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      all.add("end without a code");
    }
  }

  private Socket connect() throws IOException {
    var client = new Socket(InetAddress.getLoopbackAddress(), server.port());
    client.setSoTimeout(TIMEOUT_MILLIS);
    return client;
  }

  private static void write(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(ISO_8859_1));
    client.getOutputStream().flush();
  }

  /** Reads up to this text. */
  private static String through(Socket client, String end) throws IOException {
    InputStream in = client.getInputStream();
    var text = new StringBuilder();
    while (text.indexOf(end) < 0) {
      int next = in.read();
      assertThat(next).as("the end of %s", text).isNotNegative();
      text.append((char) next);
    }
    return text.toString();
  }

  /** Reads up to the end of the connection. */
  private static String rest(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), ISO_8859_1);
  }
}
