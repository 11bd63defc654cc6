import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.WatchInstanceRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Loads a control plane whose sandboxes are only played, through Envoy's REST as any client would, and prints what it bore. It
 * starts no server and knows only public interfaces: scripts/bench does the rest. Its own work
 * takes processor time on the same machine, which is part of every figure. Run by `java -cp 'server/lib/*' bench/ControlPlane.java`.
 */
final class ControlPlane {
  private static final Pattern ID = Pattern.compile("\"id\":\\s*\"([^\"]+)\"");
  private static final Pattern KEY = Pattern.compile("\"api_key\":\\s*\"([^\"]+)\"");
  private static final Pattern WRITTEN = Pattern.compile("\"written_at\":\\s*\"([^\"]+)\"");
  private static final Pattern HEAP_USED = Pattern.compile("heap .*used (\\d+)K");
  private static final String CREATE = "{\"name\":\"bench\",\"model_provider\":\"custom\"}";

  /** Less than Envoy takes on one connection. */
  private static final int STREAMS = 200;

  /** Watches being opened at once: Envoy lets 4,096 calls wait for a node and refuses what is beyond. */
  private static final int OPENING = 500;

  private static final Duration CALL_LIMIT = Duration.ofSeconds(60);

  private final Map<String, String> options;
  private final URI rest;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CALL_LIMIT).build();
  private final ConcurrentLinkedQueue<String> refused = new ConcurrentLinkedQueue<>();
  private final List<String> written = new ArrayList<>();
  private final List<String> spent = new ArrayList<>();
  private final List<String> held = new ArrayList<>();
  private String key = "";

  private ControlPlane(Map<String, String> options) {
    this.options = options;
    this.rest = URI.create(option("rest", ""));
  }

  public static void main(String[] arguments) throws Exception {
    var options = new HashMap<String, String>();
    for (int n = 0; n + 1 < arguments.length; n += 2) {
      options.put(arguments[n].replaceFirst("^--", ""), arguments[n + 1]);
    }
    new ControlPlane(options).run();
  }

  private void run() throws Exception {
    var models = models();
    try {
      key = signUp();
      int seconds = number("seconds", 20);
      // A cold server is not what this is about.
      var warm = new ArrayList<String>();
      creates(number("warm-up", 40), warm);
      awaitReady();
      long emptier = heapUsed();
      say("| what | n | per second | p50 | p95 | p99 |\n|---|---|---|---|---|---|");
      var ids = Collections.synchronizedList(new ArrayList<String>());
      measureCreates(seconds, ids);
      heldBy("an instance that nobody speaks to", ids.size(), emptier);
      measure("get", 64, seconds, () -> expect(call("GET", "/v1/instances/" + any(ids), ""), 200));
      measure("list, 100 a page", 16, seconds, () -> expect(call("GET", "/v1/instances", ""), 200));
      measure(
          "list, one status, 20 a page",
          16,
          seconds,
          () -> expect(call("GET", "/v1/instances?status=running&page_size=20", ""), 200));
      measureStopStart(seconds, ids);
      measureCreatesOfMany(number("organizations", 16), seconds);
      measureFirstByte(number("messages", 500), ids);
      measureWatches(number("watches", 10_000), number("changes", 300), ids);
      if (!written.isEmpty()) {
        say("\nRows written per create, from POST to `running`: " + String.join(", ", written) + ".");
      }
      say("\nProcessor time per create, from POST to `running`: " + String.join(", ", spent) + ".");
      say("\nHeap of all nodes after a collection, for each: " + String.join(", ", held) + ".");
      if (!refused.isEmpty()) {
        say("\nNot as expected: " + refused.size() + " answers; the first: " + refused.peek());
      }
    } finally {
      models.stop(0);
    }
  }

  private void measureCreates(int seconds, List<String> ids) throws Exception {
    var before = writes();
    var busy = processorTime();
    long began = System.nanoTime();
    var answers = creates(seconds, ids);
    awaitReady();
    double took = (System.nanoTime() - began) / 1e9;
    processorTime().forEach((who, now) -> spent.add("%s %.1f ms".formatted(who, (now - busy.get(who)) / 1e6 / ids.size())));
    if (any("error")) refused.add("an instance is in error");
    row("POST /v1/instances", answers, seconds);
    for (var one : writes().entrySet()) {
      double each = (double) (one.getValue() - before.getOrDefault(one.getKey(), 0L)) / ids.size();
      if (each > 0.05) written.add("%s %.1f".formatted(one.getKey(), each));
    }
    say("| create to `running`, all of them | %d | %.0f | | | |".formatted(ids.size(), ids.size() / took));
  }

  private void awaitReady() throws IOException, InterruptedException {
    long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
    while (any("provisioning")) {
      if (System.nanoTime() > until) throw new IllegalStateException("some instances do not get ready");
      Thread.sleep(50);
    }
  }

  /** One organization's creates wait for one another at its slots; those of many do not. */
  private void measureCreatesOfMany(int organizations, int seconds) throws Exception {
    var own = key;
    var keys = new ArrayList<String>();
    for (int n = 0; n < organizations; n++) {
      key = "";
      keys.add(signUp());
    }
    var turn = new AtomicInteger();
    var answers =
        load(
            number("callers", 64),
            seconds,
            () -> {
              var caller = keys.get(turn.getAndIncrement() % keys.size());
              return expect(call("POST", "/v1/instances", CREATE, caller), 201);
            });
    row("POST /v1/instances, %d organizations in turn".formatted(organizations), answers, seconds);
    key = own;
  }

  private List<Long> creates(int seconds, List<String> ids) throws Exception {
    var made = Collections.synchronizedList(ids);
    return load(
        number("callers", 64),
        seconds,
        () -> {
          var answer = call("POST", "/v1/instances", CREATE);
          if (expect(answer, 201)) made.add(first(ID, answer.body()));
          return answer.statusCode() == 201;
        });
  }

  /** What each process has used so far with its children, in nanoseconds: `--processes name:pid,name:pid`, and this one. */
  private Map<String, Long> processorTime() {
    var used = new LinkedHashMap<String, Long>();
    for (var one : option("processes", "").split(",")) {
      var words = one.split(":");
      if (words.length == 2) ProcessHandle.of(Long.parseLong(words[1])).ifPresent(p -> used.merge(words[0], processorTime(p), Long::sum));
    }
    used.put("the callers", processorTime(ProcessHandle.current()));
    return used;
  }

  /** Of all nodes' heaps after a collection; 0 where no `--processes` names them. */
  private long heapUsed() throws IOException, InterruptedException {
    long used = 0;
    for (var one : option("processes", "").split(",")) {
      if (!one.startsWith("nodes:")) continue;
      var supervisor = ProcessHandle.of(Long.parseLong(one.split(":")[1])).orElseThrow();
      var node = supervisor.children().filter(p -> p.info().command().orElse("").endsWith("java")).findFirst().orElse(supervisor);
      ask(node, "GC.run");
      var heap = HEAP_USED.matcher(ask(node, "GC.heap_info"));
      if (!heap.find()) throw new IOException("jcmd GC.heap_info: no figure");
      used += Long.parseLong(heap.group(1)) << 10;
    }
    return used;
  }

  private static String ask(ProcessHandle node, String question) throws IOException, InterruptedException {
    var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    var process = new ProcessBuilder(jcmd, Long.toString(node.pid()), question).redirectErrorStream(true).start();
    var answer = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) throw new IOException("jcmd " + question + ": " + answer);
    return answer;
  }

  private void heldBy(String what, int count, long emptier) throws IOException, InterruptedException {
    if (count > 0) held.add("%s %.1f KiB".formatted(what, (heapUsed() - emptier) / 1024.0 / count));
  }

  private static long processorTime(ProcessHandle process) {
    return Stream.concat(Stream.of(process), process.descendants())
        .mapToLong(p -> p.info().totalCpuDuration().orElse(Duration.ZERO).toNanos())
        .sum();
  }

  /** Rows inserted, updated and deleted so far, by table, and transactions; empty without a psql. */
  private Map<String, Long> writes() throws IOException, InterruptedException {
    var counts = new java.util.TreeMap<String, Long>();
    if (option("psql", "").isEmpty()) return counts;
    // PostgreSQL's processes report once a second.
    Thread.sleep(2500);
    var process =
        new ProcessBuilder(
                List.of(
                    option("psql", ""),
                    "-qAt",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    option("psql-port", ""),
                    "-U",
                    option("psql-user", ""),
                    "-d",
                    option("psql-database", ""),
                    "-c",
                    "SELECT relname || ' ' || n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables UNION ALL"
                        + " SELECT 'transactions ' || xact_commit FROM pg_stat_database WHERE datname = current_database()"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    for (var line : process.inputReader().lines().toList()) {
      var words = line.split(" ");
      counts.put(words[0], Long.parseLong(words[1]));
    }
    if (process.waitFor() != 0) throw new IOException("psql: exit code " + process.exitValue());
    return counts;
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

  /** From the moment the gateway wrote the first event until it was here. */
  private void measureFirstByte(int messages, List<String> ids) throws Exception {
    var delays = new ArrayList<Long>();
    for (int n = 0; n < messages + 20; n++) {
      var request =
          request("/v1/instances/" + any(ids) + "/responses", key)
              .POST(HttpRequest.BodyPublishers.ofString("{\"input\":\"hello\",\"stream\":true}"))
              .build();
      var answer = http.send(request, HttpResponse.BodyHandlers.ofLines());
      try (var lines = answer.body()) {
        var line = lines.filter(text -> text.contains("written_at")).findFirst().orElse("");
        var now = Instant.now();
        // The first ones only warm up.
        if (n >= 20 && !line.isEmpty()) {
          delays.add(Duration.between(Instant.parse(first(WRITTEN, line)), now).toNanos());
        }
      }
    }
    row("first event of an answer: gateway to client", delays, 0);
  }

  /** Over gRPC: as many streams to a connection as Envoy takes. */
  private void measureWatches(int watches, int changes, List<String> ids) throws Exception {
    var delays = new ConcurrentLinkedQueue<Long>();
    var open = new CountDownLatch(watches);
    var opening = new Semaphore(OPENING);
    var measuring = new AtomicBoolean();
    var channels = new ArrayList<ManagedChannel>();
    long emptier = heapUsed();
    long began = System.nanoTime();
    try {
      for (int n = 0; n < watches; n++) {
        if (!opening.tryAcquire(CALL_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
          throw new IllegalStateException("after " + n + " watches no other one opens; refused: " + refused);
        }
        if (n % STREAMS == 0) channels.add(channel());
        var request = WatchInstanceRequest.newBuilder().setInstanceId(ids.get(n % ids.size())).build();
        InstanceServiceGrpc.newStub(channels.getLast())
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer()))
            .watchInstance(request, new Watcher(open, opening, measuring, delays));
      }
      if (!open.await(CALL_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException(open.getCount() + " of " + watches + " watches do not open; refused: " + refused);
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
      // Whoever watches an instance that was changed is told; each is watched at least so often.
      long wanted = (long) changes * Math.max(1, watches / ids.size());
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (delays.size() < wanted && System.nanoTime() < until) Thread.sleep(20);
      row("a change to whoever watches, with all these open", List.copyOf(delays), 0);
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
  }

  private ManagedChannel channel() {
    return NettyChannelBuilder.forAddress(rest.getHost(), rest.getPort()).usePlaintext().build();
  }

  private Metadata bearer() {
    var headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
    return headers;
  }

  /** The first message says that it is open; the later ones, how long they took. */
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
        delays.add(Duration.between(Instant.ofEpochSecond(at.getSeconds(), at.getNanos()), Instant.now()).toNanos());
      }
    }

    @Override
    public void onError(Throwable ended) {
      // The end of the measurement ends those that are open.
      if (first) refused.add(ended.toString());
    }

    @Override
    public void onCompleted() {}
  }

  private void measure(String what, int callers, int seconds, Callable<Boolean> work) throws Exception {
    row(what, load(callers, seconds, work), seconds);
  }

  /** Callers that begin again as soon as they were answered; what each call took, in nanoseconds. */
  private static List<Long> load(int callers, int seconds, Callable<Boolean> work) throws Exception {
    var took = new ConcurrentLinkedQueue<Long>();
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int n = 0; n < callers; n++) {
        threads.submit(
            () -> {
              while (System.nanoTime() < until) {
                long began = System.nanoTime();
                if (work.call()) took.add(System.nanoTime() - began);
              }
              return null;
            });
      }
    }
    return List.copyOf(took);
  }

  private static void row(String what, List<Long> nanos, int seconds) {
    var sorted = nanos.stream().sorted().toList();
    say(
        "| %s | %d | %s | %s | %s | %s |"
            .formatted(
                what,
                sorted.size(),
                seconds == 0 ? "" : "%.0f".formatted((double) sorted.size() / seconds),
                millis(sorted, 50),
                millis(sorted, 95),
                millis(sorted, 99)));
  }

  /** Nearest rank. */
  private static String millis(List<Long> sorted, int percent) {
    if (sorted.isEmpty()) return "";
    int rank = (int) Math.ceil(sorted.size() * percent / 100.0);
    return "%.1f ms".formatted(sorted.get(Math.max(0, rank - 1)) / 1e6);
  }

  private boolean expect(HttpResponse<String> answer, int status) {
    if (answer.statusCode() == status) return true;
    refused.add(answer.statusCode() + " " + answer.body());
    return false;
  }

  private HttpResponse<String> call(String method, String path, String body) throws IOException, InterruptedException {
    return call(method, path, body, key);
  }

  private HttpResponse<String> call(String method, String path, String body, String caller)
      throws IOException, InterruptedException {
    var publisher =
        body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
    return http.send(
        request(path, caller).timeout(CALL_LIMIT).method(method, publisher).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path, String caller) {
    var request = HttpRequest.newBuilder(rest.resolve(path)).header("Content-Type", "application/json");
    return caller.isEmpty() ? request : request.header("Authorization", "Bearer " + caller);
  }

  private boolean any(String status) throws IOException, InterruptedException {
    return call("GET", "/v1/instances?page_size=1&status=" + status, "").body().contains("\"id\"");
  }

  private String operator(HttpRequest.Builder request) throws IOException, InterruptedException {
    var token = Files.readString(Path.of(option("operator-token-file", ""))).strip();
    var answer =
        http.send(
            request.header("Authorization", "Bearer " + token).header("Content-Type", "application/json").build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() / 100 != 2) throw new IOException(answer.statusCode() + " " + answer.body());
    return answer.body();
  }

  private String signUp() throws IOException, InterruptedException {
    var signedUp = call("POST", "/v1/organization/signup", "{\"name\":\"bench\"}").body();
    key = first(KEY, signedUp);
    var endpoint =
        "{\"model_endpoints\":{\"custom\":{\"base_url\":\"http://localhost:%s/v1\",\"model\":\"m\"}}}"
            .formatted(option("model-port", ""));
    expect(call("PATCH", "/v1/organization", endpoint), 200);
    operator(
        HttpRequest.newBuilder(
                URI.create(option("operator", "") + "/operator/organizations/" + first(ID, signedUp) + "/tier"))
            .POST(HttpRequest.BodyPublishers.ofString("{\"tier\":\"whale\"}")));
    return key;
  }

  /** A provider that lists one model, so that provisioning has somebody to ask. */
  private HttpServer models() throws IOException {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", number("model-port", 0)), 1000);
    server.createContext(
        "/",
        exchange -> {
          var body = "{\"data\":[{\"id\":\"m\"}]}".getBytes(UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    return server;
  }

  private static String any(List<String> ids) {
    return ids.get(ThreadLocalRandom.current().nextInt(ids.size()));
  }

  private static String first(Pattern pattern, String text) {
    var matcher = pattern.matcher(text);
    if (!matcher.find()) throw new IllegalStateException("no " + pattern + " in " + text);
    return matcher.group(1);
  }

  private String option(String name, String otherwise) {
    return options.getOrDefault(name, otherwise);
  }

  private int number(String name, int otherwise) {
    return Integer.parseInt(option(name, Integer.toString(otherwise)));
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
