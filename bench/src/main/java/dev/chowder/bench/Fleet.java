package dev.chowder.bench;

import static dev.chowder.base.ErrorText.must;
import static dev.chowder.bench.BenchRun.progress;
import static dev.chowder.bench.BenchRun.say;

import dev.chowder.program.ProgramException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/**
 * Measures a control plane with a large fleet: lists by page and filter, and the cost of a restart.
 * {@link FleetCopies} copies a few real instances while no node runs. The copies are equal to real
 * instances, except that they have no secrets, so that none can be started.
 */
final class Fleet {
  private static final Pattern STATUS = Pattern.compile("\"status\":\\s*\"([^\"]+)\"");
  private static final Pattern NEXT = Pattern.compile("\"next_page_token\":\\s*\"([^\"]+)\"");
  private static final Pattern CREATED = Pattern.compile("\"created_at\":");

  /** Target: the most that the p99 of a list may be with one caller. */
  private static final double LIST_TARGET_MILLIS = 50;

  private static final int CALLERS = 16;

  /** The numbers that a user may choose. */
  static final class Options {
    @Option(names = "--instances", description = "instances of the fleet")
    int instances = 100_000;

    @Option(names = "--restarts", description = "measured restarts of the node")
    int restarts = 3;

    @Option(names = "--warm-up", description = "seconds before the lists are measured")
    int warmUp = 20;

    @Option(names = "--seconds", description = "seconds of each measurement")
    int seconds = 4;

    @Option(names = "--recover-seconds", description = "time limit of the recovery, in seconds")
    int recoverSeconds = 200;
  }

  private final Options options;
  private final SimulatedInstallation installation;
  private final Api api;
  private final int count;
  private final FleetNode node;
  private final Map<String, Double> firsts = new LinkedHashMap<>();
  private final List<Double> restarts = new ArrayList<>();
  private Api.Organization organization = new Api.Organization("", "");

  Fleet(SimulatedInstallation installation, Options options) {
    this.options = options;
    this.installation = installation;
    this.api = new Api(installation.endpoints());
    this.node = installation.node();
    this.count = options.instances;
  }

  /** Fails if the lists would have too few matches, or the machine too little memory. */
  static void check(Options options) {
    if (options.instances >= 1000 && options.instances <= 1_000_000) return;
    throw new ProgramException(
        must("--instances", "be 1000 to 1000000", Integer.toString(options.instances)), null);
  }

  void run() throws Exception {
    long began = System.nanoTime();
    signUp(installation.modelPort());
    var stopped = new FleetTemplate(create("custom", "running"), "stopped");
    api.expect(
        api.call("POST", "/v1/instances/" + stopped.id() + "/stop?wait=60", "", organization.key()),
        200);
    var running = new FleetTemplate(create("custom", "running"), "running");
    var failed = new FleetTemplate(create("openai", "error"), "error");
    awaitAtRest();
    node.stop();
    try (var database = installation.database()) {
      var copies =
          new FleetCopies(
              database, installation.sandboxes(), organization.id(), stopped, running, failed);
      copies.make(count);
      progress(
          "Copied %d instances in %.0f s; the organization writes its snapshot ..."
              .formatted(count, seconds(began)));
      node.start();
      awaitAnswer();
      awaitSnapshot(database);
      for (int n = 0; n < options.restarts; n++) {
        node.stop();
        node.start();
        restarts.add(awaitAnswer());
        firstCalls(copies);
      }
      report(copies);
    }
    progress("Measured in %.0f s.".formatted(seconds(began)));
  }

  private void report(FleetCopies copies) throws Exception {
    long heapAtStart = installation.processes().heapAfterCollection();
    progress("Warming up ...");
    Load.closed(4, options.warmUp, () -> list(any(copies.lists()).query()));
    say(
        "| list | instances that match | first after a restart | p50 | p95 | p99 | %d callers: lists a second | p50 | p95 | p99 |"
            .formatted(CALLERS));
    say("|---|---|---|---|---|---|---|---|---|---|");
    var slow = new ArrayList<String>();
    for (var list : copies.lists()) {
      if (measure(list) > LIST_TARGET_MILLIS) slow.add(list.what());
    }
    say("");
    say("| target | measured | reached |\n|---|---|---|");
    say(
        "| p99 of each list under %.0f ms, one caller | %s | %s |"
            .formatted(
                LIST_TARGET_MILLIS,
                slow.isEmpty() ? "all" : "not: " + String.join("; ", slow),
                slow.isEmpty() ? "yes" : "no"));
    say("");
    say(
        "| all pages, one after another | instances | pages | took | p50 | p99 of a page |\n|---|---|---|---|---|---|");
    for (var list : copies.lists()) if (list.walked()) walk(list);
    say("");
    say("| restart, %d times | |\n|---|---|".formatted(restarts.size()));
    say(
        "| from the node's start to the first response through Envoy, the longest | %.1f s |"
            .formatted(max(restarts)));
    say(
        "| its organization, which has all the slots, read for the first time, the longest | %s |"
            .formatted(Samples.shown(firsts.getOrDefault(ORGANIZATION, Double.NaN))));
    say("");
    new FleetRecovery(installation, api, organization.key(), copies)
        .run(options.recoverSeconds, heapAtStart);
    check();
    if (!api.complaint().isEmpty()) say(api.complaint());
  }

  // The fleet

  /** Creates an organization whose openai provider rejects every key. */
  private void signUp(int modelPort) throws Exception {
    organization = api.signUp("fleet", modelPort);
    var refused =
        "{\"model_api_keys\":{\"openai\":\"refused\"},\"model_endpoints\":{\"openai\":{\"base_url\":\"http://localhost:%d/refused/v1\"}}}"
            .formatted(modelPort);
    api.expect(api.call("PATCH", "/v1/organization", refused, organization.key()), 200);
  }

  private String create(String provider, String awaited) throws Exception {
    var body =
        "{\"name\":\"%s\",\"model_provider\":\"%s\",\"labels\":%s}"
            .formatted(FleetCopies.NAME, provider, FleetCopies.LABELS);
    var answer = api.call("POST", "/v1/instances", body, organization.key());
    if (!api.expect(answer, 201)) throw new IllegalStateException("no template." + api.complaint());
    var id = Api.first(Api.ID, answer.body());
    Await.until("an instance that is " + awaited, () -> status(id).equals(awaited));
    return id;
  }

  private String status(String id) throws Exception {
    return Api.first(STATUS, api.get("/v1/instances/" + id + "/status", organization.key()).body());
  }

  /** Waits until no template has a pending effect, because each copy would have it too. */
  private void awaitAtRest() throws Exception {
    try (var database = installation.database()) {
      Await.until(
          "instances without pending effects",
          () ->
              number(
                      database,
                      "SELECT COUNT(*) FROM instances WHERE owes_since IS NOT NULL OR holds_slot = (status = 'error')")
                  == 0);
    }
  }

  /**
   * Waits for a snapshot, which any organization that grew over time has, so that a restart does
   * not read all its events.
   */
  private void awaitSnapshot(Connection database) throws Exception {
    var name = new AtomicInteger();
    var id = organization.id();
    Await.until(
        "the organization's snapshot",
        () -> {
          api.call(
              "PATCH",
              "/v1/organization",
              "{\"name\":\"fleet %d\"}".formatted(name.incrementAndGet()),
              organization.key());
          return number(
                  database,
                  "SELECT COUNT(*) FROM snapshot WHERE persistence_id = 'Organization|%s'"
                      .formatted(id))
              > 0;
        });
    Await.until(
        "the organization's row",
        () ->
            number(
                    database,
                    "SELECT COUNT(*) FROM organizations WHERE id = '%s' AND revision = (SELECT MAX(sequence_number) FROM event_journal WHERE persistence_id = 'Organization|%s')"
                        .formatted(id, id))
                == 1);
  }

  // Lists

  private static final String ORGANIZATION = "organization";

  /**
   * Measures the first call of each kind of list after a restart. Keeps the longest of all
   * restarts.
   */
  private void firstCalls(FleetCopies copies) throws Exception {
    first(ORGANIZATION, () -> api.expect(api.get("/v1/organization", organization.key()), 200));
    for (var list : copies.lists()) first(list.what(), () -> list(list.query()));
  }

  private void first(String what, Await.Condition call) throws Exception {
    long began = System.nanoTime();
    if (call.isMet()) firsts.merge(what, (System.nanoTime() - began) / 1e6, Math::max);
  }

  /** Measures a list and returns the p99 with one caller, in milliseconds. */
  private double measure(FleetCopies.Listing list) throws Exception {
    int seconds = options.seconds;
    var one = new Samples(Load.closed(1, seconds, () -> list(list.query())));
    var many = new Samples(Load.closed(CALLERS, seconds, () -> list(list.query())));
    say(
        "| %s | %d | %s | %s | %d | %s |"
            .formatted(
                list.what(),
                list.matches(),
                Samples.shown(firsts.getOrDefault(list.what(), Double.NaN)),
                one.cells(50, 95, 99),
                many.count() / seconds,
                many.cells(50, 95, 99)));
    return one.millis(99);
  }

  private boolean list(String query) throws Exception {
    return api.expect(api.get("/v1/instances?" + query, organization.key()), 200);
  }

  /** Reads all pages of a list, and checks the number of instances. */
  private void walk(FleetCopies.Listing list) throws Exception {
    var took = new ArrayList<Long>();
    int seen = 0;
    var token = "";
    long began = System.nanoTime();
    do {
      long page = System.nanoTime();
      var answer =
          api.get(
              "/v1/instances?page_size=500&"
                  + list.filter()
                  + (token.isEmpty() ? "" : "&page_token=" + token),
              organization.key());
      took.add(System.nanoTime() - page);
      if (!api.expect(answer, 200)) break;
      seen += (int) CREATED.matcher(answer.body()).results().count();
      var next = NEXT.matcher(answer.body());
      token = next.find() ? next.group(1) : "";
    } while (!token.isEmpty());
    if (seen != list.matches())
      api.unexpected(
          "%s: all pages have %d instances; must be %d"
              .formatted(list.what(), seen, list.matches()));
    var pages = new Samples(took);
    say(
        "| %s | %d | %d | %.1f s | %s | %s |"
            .formatted(
                list.walkedAs(),
                seen,
                pages.count(),
                seconds(began),
                pages.shown(50),
                pages.shown(99)));
  }

  /** Checks that the server itself reports a consistent fleet. */
  private void check() throws Exception {
    expectFigure("chowder_instances", count + FleetCopies.TEMPLATES);
    expectFigure("chowder_effects_pending", 0);
    expectFigure("chowder_sandboxes_quarantined", 0);
    expectFigure("chowder_reconciler_halted", 0);
  }

  private void expectFigure(String name, int expected) throws Exception {
    double shown = api.figure(name);
    if (shown != expected) api.unexpected("%s: %.0f; must be %d".formatted(name, shown, expected));
  }

  // The node

  /** Returns the seconds from the start of the node's process to its first response. */
  private double awaitAnswer() throws Exception {
    var started = node.started();
    Await.until(
        "the node's first response",
        () -> api.get("/v1/instances?page_size=1", organization.key()).statusCode() == 200);
    return Duration.between(started, Instant.now()).toMillis() / 1e3;
  }

  private static long number(Connection database, String sql) throws SQLException {
    try (var statement = database.createStatement();
        var row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  private static double max(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
  }

  private static <T> T any(List<T> values) {
    return values.get(ThreadLocalRandom.current().nextInt(values.size()));
  }

  static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
