package dev.chowder.server.edge;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.api.v1.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Uploads and downloads through a real Envoy and the complete server to a simulated home volume.
 */
class FileTransfersIT {
  private static final String BOUNDARY = "----a-boundary";
  private static final String FORM = "multipart/form-data; boundary=" + BOUNDARY;
  private static final String BYTES = "application/octet-stream";
  private static final String TAR = "application/x-tar";
  private static final int LARGE = 64 << 20;
  private static final int MOST = 80 << 20;

  @RegisterExtension static final WholeServer SERVER = new WholeServer();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @BeforeAll
  static void boundFiles() throws Exception {
    SERVER.restart(
        Map.of("chowder.files.max-file-bytes", MOST, "chowder.files.max-dropped-bytes", 1 << 20));
  }

  @Test
  void aFormIsUploadedWhetherItsPathComesFirstOrLast() throws Exception {
    var path = part("path", "a/ü.txt");
    var file = part("file\"; filename=\"x.txt", "line\r\nline\r\n--not the boundary");
    for (var form : new String[] {path + file, file + path}) {
      assertThat(upload(form + "--" + BOUNDARY + "--\r\n").statusCode()).isEqualTo(204);
      var answer = download("a/%C3%BC.txt");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(new String(answer.body(), UTF_8)).isEqualTo("line\r\nline\r\n--not the boundary");
      assertThat(answer.headers().firstValue("content-type")).hasValue("text/plain");
      assertThat(answer.headers().firstValue("content-length")).hasValue("30");
      assertThat(answer.headers().firstValue("x-content-type-options")).hasValue("nosniff");
      assertThat(answer.headers().firstValue("content-disposition"))
          .hasValue("attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt");
      assertThat(delete("a/%C3%BC.txt")).isEqualTo(204);
    }
  }

  @Test
  void rawBytesAreUploadedWithThePathInTheQuery() throws Exception {
    assertThat(put("bytes", BodyPublishers.ofByteArray(new byte[] {0, -1, 10}))).isEqualTo(204);
    assertThat(download("bytes").body()).containsExactly(0, -1, 10);
    assertThat(put("empty", BodyPublishers.noBody())).isEqualTo(204);
    var empty = download("empty");
    assertThat(empty.statusCode()).isEqualTo(200);
    assertThat(empty.body()).isEmpty();
  }

  @Test
  void aPartOfAFileIsDownloaded() throws Exception {
    assertThat(put("ten", BodyPublishers.ofString("0123456789"))).isEqualTo(204);
    var part = download("ten", "range", "bytes=2-4");
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(new String(part.body(), UTF_8)).isEqualTo("234");
    assertThat(part.headers().firstValue("content-range")).hasValue("bytes 2-4/10");
    assertThat(part.headers().firstValue("content-length")).hasValue("3");
    assertThat(new String(download("ten", "range", "bytes=-3").body(), UTF_8)).isEqualTo("789");
    assertThat(new String(download("ten", "range", "bytes=7-").body(), UTF_8)).isEqualTo("789");
    assertThat(download("ten", "range", "bytes=0-1,3-4").statusCode()).isEqualTo(200);
    var tag = part.headers().firstValue("etag").orElseThrow();
    assertThat(download("ten", "range", "bytes=2-4", "if-range", tag).statusCode()).isEqualTo(206);
    assertThat(download("ten", "range", "bytes=2-4", "if-range", "\"x\"").statusCode())
        .isEqualTo(200);
  }

  @Test
  void aRangeOutsideTheFileIsRejected() throws Exception {
    assertThat(put("three", BodyPublishers.ofString("abc"))).isEqualTo(204);
    assertThat(reason(download("three", "range", "bytes=3-")))
        .isEqualTo(Reason.RANGE_NOT_SATISFIABLE.name());
    assertThat(download("three", "range", "bytes=3-").statusCode()).isEqualTo(416);
  }

  @Test
  void invalidFormsAndPathsAreRejectedAndLeaveNothing() throws Exception {
    var file = part("file", "x");
    var end = "--" + BOUNDARY + "--\r\n";
    for (var form :
        new String[] {
          "",
          "nothing like a form",
          file,
          file + end,
          part("path", "out") + end,
          part("path", "../out") + file + end,
          file + part("path", "/etc/passwd") + end,
          file + part("path", "a\nb") + end,
          part("path", "x".repeat(5000)) + file + end,
          part("path", "x".repeat(50_000)) + file + end,
          part("path", "out") + part("path", "out") + file + end,
          part("path", "out") + file + file + end,
          part("path", "out") + part("other", "x") + file + end,
          part("path", "out") + file.substring(0, file.length() - 3)
        }) {
      var answer = upload(form);
      assertThat(answer.statusCode())
          .as("%s: %s", form, new String(answer.body(), UTF_8))
          .isBetween(400, 413);
      Leaks.check(new String(answer.body(), UTF_8));
    }
    assertThat(
            reason(send("POST", "/upload", "multipart/form-data", BodyPublishers.ofString(file))))
        .isEqualTo(Reason.INVALID_FIELD.name());
    assertThat(reason(send("POST", "/upload", BYTES, BodyPublishers.ofString("x"))))
        .isEqualTo(Reason.INVALID_FIELD.name());
    assertThat(put("../out", BodyPublishers.ofString("x"))).isEqualTo(400);
    assertThat(download("out").statusCode()).isEqualTo(404);
  }

  @Test
  void aLargeFileIsDownloadedUnchanged() throws Exception {
    var sent = MessageDigest.getInstance("SHA-256");
    assertThat(put("large", stream(LARGE, sent))).isEqualTo(204);
    var got = MessageDigest.getInstance("SHA-256");
    var answer =
        HTTP.send(
            request("GET", "/download?path=large", BodyPublishers.noBody()).build(),
            BodyHandlers.ofInputStream());
    try (var body = new DigestInputStream(answer.body(), got)) {
      assertThat(drain(body)).isEqualTo(LARGE);
    }
    assertThat(HexFormat.of().formatHex(got.digest()))
        .isEqualTo(HexFormat.of().formatHex(sent.digest()));
  }

  /** The server aborts it. Envoy would only do so after 75 s without a byte. */
  @Test
  @Timeout(60)
  void anInterruptedDownloadIsDetectable() throws Exception {
    assertThat(put("shrinks", stream(LARGE, MessageDigest.getInstance("SHA-256")))).isEqualTo(204);
    var answer =
        HTTP.send(
            request("GET", "/download?path=shrinks", BodyPublishers.noBody()).build(),
            BodyHandlers.ofInputStream());
    try (var body = answer.body();
        var file =
            FileChannel.open(
                SERVER
                    .sandboxes()
                    .resolve("sb-" + SERVER.world().get("running"))
                    .resolve("home/.openclaw/workspace/shrinks"),
                StandardOpenOption.WRITE)) {
      assertThat(body.readNBytes(1000)).hasSize(1000);
      file.truncate(1000);
      assertThatThrownBy(() -> drain(body)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aFileOverTheLimitIsRejectedAndTheOldOneIsKept() throws Exception {
    assertThat(put("kept", BodyPublishers.ofString("old"))).isEqualTo(204);
    var answer =
        send(
            "POST",
            "/upload?path=kept",
            BYTES,
            stream(MOST + 1, MessageDigest.getInstance("SHA-256")));
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(new String(download("kept").body(), UTF_8)).isEqualTo("old");
  }

  @Test
  void aWorkspaceIsExportedAndImportedAsOneTar() throws Exception {
    assertThat(put("kept/ü.txt", BodyPublishers.ofString("text"))).isEqualTo(204);
    assertThat(put("kept/deep/" + "n".repeat(200), BodyPublishers.ofString("long"))).isEqualTo(204);
    var sent = MessageDigest.getInstance("SHA-256");
    assertThat(put("kept/large", stream(LARGE, sent))).isEqualTo(204);
    var exported = send("GET", "/export", TAR, BodyPublishers.noBody());
    assertThat(exported.statusCode()).isEqualTo(200);
    assertThat(exported.headers().firstValue("content-type")).hasValue(TAR);
    assertThat(exported.headers().firstValue("content-disposition").orElseThrow())
        .matches("attachment; filename=\"workspace-[0-9a-f-]{36}\\.tar\"");

    assertThat(delete("kept&recursive=true")).isEqualTo(204);
    // Without a known length, as from a pipe.
    var imported =
        send(
            "POST",
            "/import",
            TAR,
            BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(exported.body())));
    var count = new ObjectMapper().readTree(imported.body());
    assertThat(imported.statusCode()).as("%s", count).isEqualTo(200);
    assertThat(count.get("file_count").asInt()).isGreaterThanOrEqualTo(3);
    assertThat(count.get("folder_count").asInt()).isGreaterThanOrEqualTo(2);
    assertThat(new String(download("kept/%C3%BC.txt").body(), UTF_8)).isEqualTo("text");
    assertThat(new String(download("kept/deep/" + "n".repeat(200)).body(), UTF_8))
        .isEqualTo("long");
    var got = MessageDigest.getInstance("SHA-256").digest(download("kept/large").body());
    assertThat(HexFormat.of().formatHex(got)).isEqualTo(HexFormat.of().formatHex(sent.digest()));
    assertThat(delete("kept&recursive=true")).isEqualTo(204);
  }

  @Test
  void aTarWithOneBadEntryIsNotImported() throws Exception {
    for (var bad : new String[] {"../out", "/out", "a\nb"}) {
      var tar = new ByteArrayOutputStream();
      try (var archive = new TarArchiveOutputStream(tar)) {
        for (var name : new String[] {"good", bad}) {
          archive.putArchiveEntry(new TarArchiveEntry(name, true));
          archive.closeArchiveEntry();
        }
      }
      var answer = send("POST", "/import", TAR, BodyPublishers.ofByteArray(tar.toByteArray()));
      assertThat(reason(answer)).isEqualTo(Reason.INVALID_FIELD.name());
      assertThat(new String(answer.body(), UTF_8)).contains("entry 2");
      assertThat(download("good").statusCode()).isEqualTo(404);
      var half = Arrays.copyOf(tar.toByteArray(), 600);
      assertThat(reason(send("POST", "/import", TAR, BodyPublishers.ofByteArray(half))))
          .isEqualTo(Reason.INVALID_FIELD.name());
      assertThat(download("good").statusCode()).isEqualTo(404);
    }
    var typed = send("POST", "/import", "text/plain", BodyPublishers.ofString("x"));
    assertThat(typed.statusCode()).isEqualTo(400);
  }

  private static long drain(InputStream body) throws IOException {
    return body.transferTo(java.io.OutputStream.nullOutputStream());
  }

  /** Returns a body without a known length. */
  private static BodyPublisher stream(int size, MessageDigest digest) {
    var random = new Random(7);
    var bytes = new byte[1 << 16];
    return BodyPublishers.ofInputStream(
        () ->
            new DigestInputStream(
                new InputStream() {
                  private long left = size;

                  @Override
                  public int read() {
                    throw new UnsupportedOperationException();
                  }

                  @Override
                  public int read(byte[] into, int from, int length) {
                    if (left == 0) return -1;
                    random.nextBytes(bytes);
                    int n = (int) Math.min(left, Math.min(length, bytes.length));
                    System.arraycopy(bytes, 0, into, from, n);
                    left -= n;
                    return n;
                  }
                },
                digest));
  }

  private static String part(String name, String content) {
    return "--"
        + BOUNDARY
        + "\r\nContent-Disposition: form-data; name=\""
        + name
        + "\"\r\n\r\n"
        + content
        + "\r\n";
  }

  private static HttpResponse<byte[]> upload(String form) throws Exception {
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(form.getBytes(UTF_8));
    return send("POST", "/upload", FORM, BodyPublishers.ofByteArray(bytes.toByteArray()));
  }

  private static int put(String path, BodyPublisher body) throws Exception {
    return send("POST", "/upload?path=" + path, BYTES, body).statusCode();
  }

  private static HttpResponse<byte[]> download(String path, String... headers) throws Exception {
    var request = request("GET", "/download?path=" + path, BodyPublishers.noBody());
    if (headers.length > 0) request.headers(headers);
    return HTTP.send(request.build(), BodyHandlers.ofByteArray());
  }

  private static int delete(String path) throws Exception {
    return send("DELETE", "?path=" + path, BYTES, BodyPublishers.noBody()).statusCode();
  }

  private static HttpResponse<byte[]> send(
      String method, String tail, String type, BodyPublisher body) throws Exception {
    var request = request(method, tail, body);
    if (method.equals("POST")) request.header("content-type", type);
    return HTTP.send(request.build(), BodyHandlers.ofByteArray());
  }

  private static HttpRequest.Builder request(String method, String tail, BodyPublisher body) {
    var rest = "http://localhost:" + SERVER.rest().getPort();
    return HttpRequest.newBuilder(
            URI.create(rest + "/v1/instances/" + SERVER.world().get("running") + "/files" + tail))
        .header("authorization", "Bearer " + SERVER.world().get("key"))
        .method(method, body);
  }

  private static String reason(HttpResponse<byte[]> answer) throws IOException {
    return new ObjectMapper().readTree(answer.body()).at("/details/0/reason").asText();
  }
}
