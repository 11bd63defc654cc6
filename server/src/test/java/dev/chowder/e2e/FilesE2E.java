package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Files in an agent's workspace, seen through the API and by the agent. */
@ExtendWith(SharedAgents.class)
class FilesE2E {
  private static final int GIBIBYTE = 1 << 30;

  /**
   * Limit for the growth of the server's memory while it transfers a gibibyte. The heap may take
   * half a gibibyte, and the collector lets it fill up with garbage first.
   */
  private static final long MOST_GROWTH = GIBIBYTE / 2;

  private final Agent agent = SharedAgents.first();

  @Test
  void writtenFilesAreInTheAgentsWorkspace() {
    write(agent, "notes/from-outside.md", "Water the plants.\n");
    assertThat(Workspace.file(agent, Workspace.PATH + "/notes/from-outside.md"))
        .asString(UTF_8)
        .isEqualTo("Water the plants.\n");
    agent.caller().delete(agent.path("/files?path=notes&recursive=true")).is(204);
    agent
        .caller()
        .get(agent.path("/files/content?path=notes/from-outside.md"))
        .isError(404, "FILE_NOT_FOUND");
  }

  @Test
  void transferringAGibibyteTakesLittleMemoryOfTheServer() throws Exception {
    long before = residentBytes();
    var sent = MessageDigest.getInstance("SHA-256");
    var upload =
        agent
            .caller()
            .request(agent.path("/files/upload?path=large.bin"))
            .header("Content-Type", "application/octet-stream")
            .POST(BodyPublishers.ofInputStream(() -> new DigestInputStream(noise(), sent)));
    long began = System.nanoTime();
    var uploaded = Caller.HTTP.sendAsync(upload.build(), BodyHandlers.ofString());
    long most = peakMemoryDuring(uploaded);
    assertThat(uploaded.get().statusCode()).as(uploaded.get().body()).isEqualTo(204);
    long up = System.nanoTime() - began;

    var got = MessageDigest.getInstance("SHA-256");
    HttpRequest download =
        agent.caller().request(agent.path("/files/download?path=large.bin")).GET().build();
    began = System.nanoTime();
    var downloaded =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                HttpResponse<InputStream> answer =
                    Caller.HTTP.send(download, BodyHandlers.ofInputStream());
                try (var body = new DigestInputStream(answer.body(), got)) {
                  return body.transferTo(OutputStream.nullOutputStream());
                }
              } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    most = Math.max(most, peakMemoryDuring(downloaded));
    assertThat(downloaded.get()).isEqualTo(GIBIBYTE);
    long down = System.nanoTime() - began;
    assertThat(HexFormat.of().formatHex(got.digest()))
        .isEqualTo(HexFormat.of().formatHex(sent.digest()));
    agent.caller().delete(agent.path("/files?path=large.bin")).is(204);

    System.out.printf(
        "1 GiB: up in %.1f s, down in %.1f s; the server's memory: %d MiB before, at most %d MiB%n",
        up / 1e9, down / 1e9, before >> 20, most >> 20);
    assertThat(most - before).as("growth of the server's memory").isLessThan(MOST_GROWTH);
  }

  /** Samples the server's memory until the transfer is done. */
  private static long peakMemoryDuring(CompletableFuture<?> transfer) throws Exception {
    long most = 0;
    long deadline = System.nanoTime() + Limits.PROVISIONING.toNanos();
    while (!transfer.isDone() && System.nanoTime() < deadline) {
      most = Math.max(most, residentBytes());
      try {
        transfer.get(50, TimeUnit.MILLISECONDS);
      } catch (TimeoutException goesOn) {
        // Not done yet: sample again.
      }
    }
    assertThat(transfer).isDone();
    return most;
  }

  private static long residentBytes() throws IOException {
    Path pid = Installation.UNDER_TEST.home().resolve("run").resolve("server.pid");
    Path status = Path.of("/proc", Files.readString(pid).strip(), "status");
    String resident =
        Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(resident.replaceAll("\\D", "")) << 10;
  }

  private static InputStream noise() {
    var random = new Random(5);
    byte[] block = new byte[1 << 16];
    random.nextBytes(block);
    return new InputStream() {
      private long left = GIBIBYTE;

      @Override
      public int read() {
        throw new UnsupportedOperationException();
      }

      @Override
      public int read(byte[] into, int from, int length) {
        if (left == 0) {
          return -1;
        }
        int n = (int) Math.min(left, Math.min(length, block.length));
        // Changes the block each time, which costs less than generating a new one.
        block[random.nextInt(block.length)]++;
        System.arraycopy(block, 0, into, from, n);
        left -= n;
        return n;
      }
    };
  }

  private static void write(Agent agent, String path, String content) {
    var body = Answer.JSON.createObjectNode().put("path", path).put("content", content);
    agent.caller().send("PUT", agent.path("/files/content"), body.toString()).is(204);
  }
}
