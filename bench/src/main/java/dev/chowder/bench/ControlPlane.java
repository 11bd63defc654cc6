package dev.chowder.bench;

import static dev.chowder.bench.BenchRun.say;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.WatchInstanceRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/**
 * Loads a control plane with simulated sandboxes over REST through Envoy, as any client would, and
 * prints the results. It starts no server and uses public interfaces, and reads the statistics of
 * the database. Its own processor time on the same machine is part of every result.
 */
final class ControlPlane {
  private static final Pattern WRITTEN = Pattern.compile("\"written_at\":\\s*\"([^\"]+)\"");
  private static final String CREATE = "{\"name\":\"bench\",\"model_provider\":\"custom\"}";

  /** Streams on one connection, fewer than Envoy accepts. */
  private static final int STREAMS = 200;

  /** Watches that are opened at once. Envoy queues 4,096 calls for a node and rejects more. */
  private static final int OPENING = 500;

  /** The numbers that a user may choose. */
  static final class Options {
    @Option(names = "--nodes", description = "nodes on this machine")
    int nodes = 1;

    @Option(names = "--seconds", description = "seconds of each measurement")
    int seconds = 20;

    @Option(names = "--callers", description = "callers that create instances")
    int callers = 64;

    @Option(names = "--warm-up", description = "seconds before the first measurement")
    int warmUp = 40;

    @Option(names = "--organizations", description = "organizations that create in turn")
    int organizations = 16;

    @Option(names = "--messages", description = "messages whose first event is measured")
    int messages = 500;

    @Option(names = "--watches", description = "open watches")
    int watches = 10_000;

    @Option(names = "--changes", description = "changes that the watches receive")
    int changes = 300;
  }

  private final Options options;
  private final SimulatedInstallation installation;
  private final Api api;
  private final Processes processes;
  private final List<String> written = new ArrayList<>();
  private final List<String> spent = new ArrayList<>();
  private final List<String> held = new ArrayList<>();
  private String key = "";

  ControlPlane(SimulatedInstallation installation, Options options) throws IOException {
    this.options = options;
    this.installation = installation;
    this.api = new Api(installation.endpoints());
    this.processes = installation.processes();
  }

  void run() throws Exception {
    key = signUp();
    int seconds = options.seconds;
    // Warms up, because a cold server is not measured.
    var warm = new ArrayList<String>();
    creates(options.warmUp, warm);
    awaitReady();
    long emptier = processes.heapAfterCollection();
    say("| operation | n | per second | p50 | p95 | p99 |\n|---|---|---|---|---|---|");
    var ids = Collections.synchronizedList(new ArrayList<String>());
    measureCreates(seconds, ids);
    heldBy("an idle instance", ids.size(), emptier);
    measure("get", 64, seconds, () -> expect(call("GET", "/v1/instances/" + any(ids), ""), 200));
    measure("list, 100 a page", 16, seconds, () -> expect(call("GET", "/v1/instances", ""), 200));
    measure(
        "list, one status, 20 a page",
        16,
        seconds,
        () -> expect(call("GET", "/v1/instances?status=running&page_size=20", ""), 200));
    measureStopStart(seconds, ids);
    measureCreatesOfMany(options.organizations, seconds);
    measureFirstByte(options.messages, ids);
    measureWatches(options.watches, options.changes, ids);
    if (!written.isEmpty()) {
      say("\nRows written per create, from POST to `running`: " + String.join(", ", written) + ".");
    }
    say("\nProcessor time per create, from POST to `running`: " + String.join(", ", spent) + ".");
    say("\nHeap of all nodes after a collection, for each: " + String.join(", ", held) + ".");
    if (!api.complaint().isEmpty()) say(api.complaint());
  }

  private void measureCreates(int seconds, List<String> ids) throws Exception {
    var before = DatabaseWrites.count(installation);
    var busy = processes.time();
    long began = System.nanoTime();
    var answers = creates(seconds, ids);
    awaitReady();
    double took = (System.nanoTime() - began) / 1e9;
    processes
        .time()
        .forEach(
            (who, now) ->
                spent.add(
                    "%s %.1f ms"
                        .formatted(who, (now - busy.getOrDefault(who, 0L)) / 1e6 / ids.size())));
    if (any("error")) api.unexpected("an instance is in error");
    row("POST /v1/instances", answers, seconds);
    for (var one : DatabaseWrites.count(installation).entrySet()) {
      double each = (double) (one.getValue() - before.getOrDefault(one.getKey(), 0L)) / ids.size();
      if (each > 0.05) written.add("%s %.1f".formatted(one.getKey(), each));
    }
    say(
        "| create to `running`, all of them | %d | %.0f | | | |"
            .formatted(ids.size(), ids.size() / took));
  }

  private void awaitReady() throws IOException, InterruptedException {
    long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
    while (any("provisioning")) {
      if (System.nanoTime() > until)
        throw new IllegalStateException("some instances are not ready in time");
      Thread.sleep(50);
    }
  }

  /**
   * Measures creates of many organizations: those of one organization wait for each other at its
   * slots.
   */
  private void measureCreatesOfMany(int organizations, int seconds) throws Exception {
    var keys = new ArrayList<String>();
    for (int n = 0; n < organizations; n++) {
      keys.add(signUp());
    }
    var turn = new AtomicInteger();
    var answers =
        Load.closed(
            options.callers,
            seconds,
            () -> {
              var caller = keys.get(turn.getAndIncrement() % keys.size());
              return expect(api.call("POST", "/v1/instances", CREATE, caller), 201);
            });
    row("POST /v1/instances, %d organizations in turn".formatted(organizations), answers, seconds);
  }

  private List<Long> creates(int seconds, List<String> ids) throws Exception {
    var made = Collections.synchronizedList(ids);
    return Load.closed(
        options.callers,
        seconds,
        () -> {
          var answer = call("POST", "/v1/instances", CREATE);
          if (expect(answer, 201)) made.add(Api.first(Api.ID, answer.body()));
          return answer.statusCode() == 201;
        });
  }

  private void heldBy(String what, int count, long emptier)
      throws IOException, InterruptedException {
    if (count > 0)
      held.add(
          "%s %.1f KiB"
              .formatted(what, (processes.heapAfterCollection() - emptier) / 1024.0 / count));
  }

  private void measureStopStart(int seconds, List<String> ids) throws Exception {
    var turn = new AtomicInteger();
    measure(
        "stop and start of one instance, waited for",
        32,
        seconds,
        () -> {
          var id = ids.get(turn.getAndIncrement() % ids.size());
          return expect(call("POST", "/v1/instances/" + id + "/stop?wait=30", ""), 200)
              && expect(call("POST", "/v1/instances/" + id + "/start?wait=30", ""), 200);
        });
  }

  /** Measures the time from the gateway's first event until the client receives it. */
  private void measureFirstByte(int messages, List<String> ids) throws Exception {
    var delays = new ArrayList<Long>();
    for (int n = 0; n < messages + 20; n++) {
      var answer =
          api.post(
              "/v1/instances/" + any(ids) + "/responses",
              "{\"input\":\"hello\",\"stream\":true}",
              key,
              HttpResponse.BodyHandlers.ofLines());
      try (var lines = answer.body()) {
        var line = lines.filter(text -> text.contains("written_at")).findFirst().orElse("");
        var now = Instant.now();
        // The first ones are warm-up.
        if (n >= 20 && !line.isEmpty()) {
          delays.add(Duration.between(Instant.parse(Api.first(WRITTEN, line)), now).toNanos());
        }
      }
    }
    row("first event of a response, gateway to client", delays, 0);
  }

  /** Measures watches over gRPC, with several streams on each connection. */
  private void measureWatches(int watches, int changes, List<String> ids) throws Exception {
    var delays = new ConcurrentLinkedQueue<Long>();
    var open = new CountDownLatch(watches);
    var opening = new Semaphore(OPENING);
    var measuring = new AtomicBoolean();
    var channels = new ArrayList<ManagedChannel>();
    long emptier = processes.heapAfterCollection();
    long began = System.nanoTime();
    try {
      for (int n = 0; n < watches; n++) {
        if (!opening.tryAcquire(Api.CALL_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
          throw new IllegalStateException(
              "cannot open more than " + n + " watches." + api.complaint());
        }
        if (n % STREAMS == 0) channels.add(channel());
        var request =
            WatchInstanceRequest.newBuilder().setInstanceId(ids.get(n % ids.size())).build();
        InstanceServiceGrpc.newStub(channels.getLast())
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer()))
            .watchInstance(request, new Watcher(open, opening, measuring, delays));
      }
      if (!open.await(Api.CALL_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException(
            "cannot open " + open.getCount() + " of " + watches + " watches." + api.complaint());
      }
      double took = (System.nanoTime() - began) / 1e9;
      say("| watches opened, all stay open | %d | %.0f | | | |".formatted(watches, watches / took));
      heldBy("an open watch", watches, emptier);
      measuring.set(true);
      for (int n = 0; n < changes; n++) {
        var body = "{\"name\":\"renamed %d\"}".formatted(n);
        expect(call("PATCH", "/v1/instances/" + ids.get(n % ids.size()), body), 200);
        Thread.sleep(20);
      }
      // Each watch of a changed instance receives a message, and each instance has at least this
      // many watches.
      long wanted = (long) changes * Math.max(1, watches / ids.size());
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (delays.size() < wanted && System.nanoTime() < until) Thread.sleep(20);
      row("a change to each watch, with all of them open", List.copyOf(delays), 0);
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
  }

  private ManagedChannel channel() {
    var rest = installation.endpoints().rest();
    return NettyChannelBuilder.forAddress(rest.getHost(), rest.getPort()).usePlaintext().build();
  }

  private Metadata bearer() {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    return headers;
  }

  /** Counts a watch as open at its first message, and measures the delay of later ones. */
  private final class Watcher implements StreamObserver<Instance> {
    private final CountDownLatch open;
    private final Semaphore opening;
    private final AtomicBoolean measuring;
    private final Queue<Long> delays;
    private boolean first = true;

    Watcher(CountDownLatch open, Semaphore opening, AtomicBoolean measuring, Queue<Long> delays) {
      this.open = open;
      this.opening = opening;
      this.measuring = measuring;
      this.delays = delays;
    }

    @Override
    public void onNext(Instance now) {
      if (first) {
        first = false;
        open.countDown();
        opening.release();
      } else if (measuring.get()) {
        var at = now.getUpdatedAt();
        delays.add(
            Duration.between(Instant.ofEpochSecond(at.getSeconds(), at.getNanos()), Instant.now())
                .toNanos());
      }
    }

    @Override
    public void onError(Throwable ended) {
      // Open watches end with an error at the end of the measurement.
      if (first) api.unexpected(ended.toString());
    }

    @Override
    public void onCompleted() {}
  }

  private void measure(String what, int callers, int seconds, Callable<Boolean> work)
      throws Exception {
    row(what, Load.closed(callers, seconds, work), seconds);
  }

  private static void row(String what, List<Long> nanos, int seconds) {
    var samples = new Samples(nanos);
    say(
        "| %s | %d | %s | %s |"
            .formatted(
                what,
                samples.count(),
                seconds == 0 ? "" : "%.0f".formatted((double) samples.count() / seconds),
                samples.cells(50, 95, 99)));
  }

  private boolean expect(HttpResponse<String> answer, int status) {
    return api.expect(answer, status);
  }

  private HttpResponse<String> call(String method, String path, String body)
      throws IOException, InterruptedException {
    return api.call(method, path, body, key);
  }

  private boolean any(String status) throws IOException, InterruptedException {
    return call("GET", "/v1/instances?page_size=1&status=" + status, "").body().contains("\"id\"");
  }

  private String signUp() throws IOException, InterruptedException {
    return api.signUp("bench", installation.modelPort()).key();
  }

  private static String any(List<String> ids) {
    return ids.get(ThreadLocalRandom.current().nextInt(ids.size()));
  }
}
