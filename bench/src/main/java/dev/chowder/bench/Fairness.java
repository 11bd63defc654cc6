package dev.chowder.bench;

import static dev.chowder.bench.BenchRun.progress;
import static dev.chowder.bench.BenchRun.say;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/**
 * Measures the effect of one organization's {@link Flood} on another organization, which calls at a
 * steady, low rate. Each round measures it alone and beside the flood; the order alternates. Before
 * that, it counts the rejected calls of an organization while another one only polls. The server
 * has its default limits.
 */
final class Fairness {
  private static final String CREATE = "{\"name\":\"steady\",\"model_provider\":\"custom\"}";

  /** Target: the most that a p99 beside the flood may be, as a multiple of the p99 alone. */
  private static final double TARGET = 1.5;

  /** Instances before the first round, so that pages are full. */
  private static final int BEFORE = 150;

  /**
   * After this time, the calls of the installation's start no longer count as the use of another
   * organization.
   */
  private static final int QUIET_SECONDS = 15;

  private static final int PATIENCE_SECONDS = 120;
  private static final int POLL_SECONDS = 5;

  /**
   * Status of calls beyond the limit. Without such responses, the flood did not reach its limit and
   * proves nothing.
   */
  private static final String REFUSED = "429";

  /** The numbers that a user may choose. */
  static final class Options {
    @Option(names = "--rounds", description = "rounds, each with and without the flood")
    int rounds = 6;

    @Option(names = "--seconds", description = "seconds of each half of a round")
    int seconds = 20;

    @Option(names = "--connections", description = "connections of the flood")
    int connections = 64;

    @Option(names = "--warm-up", description = "seconds before the first round")
    int warmUp = 15;

    @Option(names = "--flood-nice", description = "nice value of the flood")
    int floodNice = 19;
  }

  private final Options options;
  private final BenchRun run;
  private final SimulatedInstallation installation;
  private final Api api;
  private final int seconds;
  private final List<String> ids = Collections.synchronizedList(new ArrayList<>());
  private final Map<String, Long> flooded = new LinkedHashMap<>();
  private Api.Organization steady = new Api.Organization("", "");
  private Api.Organization loud = new Api.Organization("", "");

  Fairness(BenchRun run, SimulatedInstallation installation, Options options) {
    this.run = run;
    this.options = options;
    this.installation = installation;
    this.api = new Api(installation.endpoints());
    this.seconds = options.seconds;
  }

  void run() throws Exception {
    int port = installation.modelPort();
    besideAPoller(port);
    steady = api.signUp("steady", port);
    loud = api.signUp("loud", port);
    Load.each(
        8,
        () -> {
          for (int n = 0; n < BEFORE / 8 + 1; n++) createWhenThereIsRoom();
        });
    awaitRest(steady);
    var flood = startFlood();
    try (var answers = flood.inputReader();
        var commands = flood.outputWriter()) {
      tell(commands, loud.key());
      progress("Warming up ...");
      ask(options.warmUp, new SteadySamples());
      var alone = new SteadySamples();
      var beside = new SteadySamples();
      say(
          "| round | p99 of "
              + String.join(
                  " | p99 of ",
                  Stream.of(SteadyCall.values())
                      .map(ask -> ask.what() + ", alone / beside")
                      .toList())
              + " | the flood's responses per second |");
      say("|---|" + "---|".repeat(SteadyCall.values().length + 1));
      for (int n = 0; n < options.rounds; n++) {
        round(n, alone, beside, commands, answers);
      }
      report(alone, beside, options.rounds);
    } finally {
      flood.destroyForcibly();
    }
    if (!api.complaint().isEmpty()) say(api.complaint());
  }

  /**
   * Counts the rejected calls of an organization beside one that polls. It runs first, so that no
   * others have called before.
   */
  private void besideAPoller(int port) throws Exception {
    TimeUnit.SECONDS.sleep(QUIET_SECONDS);
    var poller = api.signUp("poller", port);
    var busy = api.signUp("busy", port);
    say("| beside a call every %d s | calls | rejected | took |".formatted(POLL_SECONDS));
    say("|---|---|---|---|");
    var polling =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    while (true) {
                      api.expect(api.get("/v1/instances", poller.key()), 200);
                      TimeUnit.SECONDS.sleep(POLL_SECONDS);
                    }
                  } catch (InterruptedException end) {
                    // The other calls are done, so polling stops.
                  } catch (IOException failed) {
                    api.unexpected("poll: " + failed);
                  }
                });
    count(
        "PATCH, one after another",
        1,
        60,
        () -> api.call("PATCH", "/v1/organization", "{\"name\":\"busy\"}", busy.key()),
        200);
    var made =
        count(
            "creates at once",
            64,
            64,
            () -> api.call("POST", "/v1/instances", CREATE, busy.key()),
            201);
    awaitRest(busy);
    polling.interrupt();
    polling.join();
    say("");
    for (var one : made)
      api.expect(
          api.call("DELETE", "/v1/instances/" + Api.first(Api.ID, one), "", busy.key()), 204);
  }

  /** Returns the bodies of the expected responses. */
  private List<String> count(
      String what, int callers, int calls, Callable<HttpResponse<String>> call, int expected)
      throws Exception {
    var bodies = Collections.synchronizedList(new ArrayList<String>());
    var refused = new AtomicInteger();
    long began = System.nanoTime();
    Load.each(
        callers,
        () -> {
          for (int n = 0; n < calls / callers; n++) {
            var answer = call.call();
            if (Integer.toString(answer.statusCode()).equals(REFUSED)) refused.incrementAndGet();
            else if (api.expect(answer, expected)) bodies.add(answer.body());
          }
        });
    say(
        "| %s | %d | %d | %.1f s |"
            .formatted(what, calls, refused.get(), (System.nanoTime() - began) / 1e9));
    return bodies;
  }

  private void round(
      int n, SteadySamples alone, SteadySamples beside, Writer commands, BufferedReader answers)
      throws Exception {
    var now = new SteadySamples();
    var then = new SteadySamples();
    var answered = "";
    for (boolean loudly : n % 2 == 0 ? new boolean[] {false, true} : new boolean[] {true, false}) {
      if (loudly) {
        tell(commands, "on");
        ask(seconds, then);
        tell(commands, "off");
        answered = answers.readLine();
        if (answered == null) throw new IOException("the flood has ended");
        // The flood's remaining work must not affect the next half.
        awaitRest(loud);
      } else {
        ask(seconds, now);
      }
    }
    var cells = new StringBuilder();
    for (var ask : SteadyCall.values()) {
      cells.append(
          " %s / %s |"
              .formatted(new Samples(now.of(ask)).shown(99), new Samples(then.of(ask)).shown(99)));
      alone.of(ask).addAll(now.of(ask));
      beside.of(ask).addAll(then.of(ask));
    }
    say("| %d |%s %s |".formatted(n + 1, cells, perSecond(answered)));
  }

  private String perSecond(String answered) {
    var shown = new ArrayList<String>();
    for (var one : answered.split(" ", -1)) {
      var words = one.split("=", -1);
      if (words.length != 2) continue;
      flooded.merge(words[0], Long.parseLong(words[1]), Long::sum);
      shown.add("%s: %d".formatted(words[0], Long.parseLong(words[1]) / seconds));
    }
    return String.join(", ", shown);
  }

  private void report(SteadySamples alone, SteadySamples beside, int rounds) {
    say("");
    say(
        "| steady calls | per second | n, alone + beside | p50 alone | p50 beside | p99 alone | p99 beside | p99 beside / alone |");
    say("|---|---|---|---|---|---|---|---|");
    var missed = new ArrayList<String>();
    for (var ask : SteadyCall.values()) {
      var a = new Samples(alone.of(ask));
      var b = new Samples(beside.of(ask));
      double ratio = b.millis(99) / a.millis(99);
      // NaN counts as missed.
      if (!(ratio <= TARGET)) missed.add(ask.what());
      say(
          "| %s | %d | %d + %d | %s | %s | %s | %s | %.2f |"
              .formatted(
                  ask.what(),
                  ask.perSecond(),
                  a.count(),
                  b.count(),
                  a.shown(50),
                  b.shown(50),
                  a.shown(99),
                  b.shown(99),
                  ratio));
    }
    say(
        "| the flood, %d connections | %s | | | | | | |"
            .formatted(
                options.connections,
                String.join(
                    ", ",
                    flooded.entrySet().stream()
                        .map(
                            one ->
                                "%s: %.0f"
                                    .formatted(
                                        one.getKey(), (double) one.getValue() / rounds / seconds))
                        .toList())));
    say("");
    say("| target | at most | reached |\n|---|---|---|");
    say(
        "| p99 beside the flood, by p99 alone | %.1f times | %s |"
            .formatted(TARGET, reached(missed)));
  }

  private String reached(List<String> missed) {
    if (!flooded.containsKey(REFUSED))
      return "not measured: no call of the flood was rejected, so it did not reach its limit";
    return missed.isEmpty() ? "yes" : "not: " + String.join(", ", missed);
  }

  /**
   * Calls for this time and adds the durations to the samples. Returns when all calls have
   * finished.
   */
  private void ask(int forSeconds, SteadySamples samples) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var asking = new ArrayList<Future<?>>();
      for (var ask : SteadyCall.values()) {
        asking.add(
            threads.submit(
                () -> {
                  Load.steady(
                      threads, ask.perSecond(), forSeconds, () -> once(ask), samples.of(ask));
                  return null;
                }));
      }
      for (var one : asking) one.get();
    }
  }

  private boolean once(SteadyCall ask) throws IOException, InterruptedException {
    try {
      return switch (ask) {
        case GET ->
            api.expect(
                api.get(
                    "/v1/instances/" + ids.get(ThreadLocalRandom.current().nextInt(ids.size())),
                    steady.key()),
                200);
        case LIST -> api.expect(api.get("/v1/instances", steady.key()), 200);
        case CREATE -> create();
      };
    } catch (IOException noAnswer) {
      api.unexpected(ask.what() + ": " + noAnswer);
      return false;
    }
  }

  private boolean create() throws IOException, InterruptedException {
    var answer = api.call("POST", "/v1/instances", CREATE, steady.key());
    if (!api.expect(answer, 201)) return false;
    ids.add(Api.first(Api.ID, answer.body()));
    return true;
  }

  /**
   * Retries a create that is rejected, since so many at once exceed the limit of one organization.
   */
  private void createWhenThereIsRoom() throws IOException, InterruptedException {
    var answer = api.call("POST", "/v1/instances", CREATE, steady.key());
    while (Integer.toString(answer.statusCode()).equals(REFUSED))
      answer = api.call("POST", "/v1/instances", CREATE, steady.key());
    if (api.expect(answer, 201)) ids.add(Api.first(Api.ID, answer.body()));
  }

  private void awaitRest(Api.Organization whose) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!isAtRest(whose)) {
      if (System.nanoTime() > until)
        throw new IllegalStateException(
            "some instances are not ready within " + PATIENCE_SECONDS + " s");
      Thread.sleep(100);
    }
  }

  /** Returns false for a rejected call too, because the flood has used up its limit. */
  private boolean isAtRest(Api.Organization whose) throws IOException, InterruptedException {
    var answer = api.get("/v1/instances?page_size=1&status=provisioning", whose.key());
    return answer.statusCode() == 200 && !answer.body().contains("\"id\"");
  }

  private Process startFlood() throws IOException {
    var command = Flood.command(installation.endpoints(), options.floodNice, options.connections);
    return run.start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
  }

  private static void tell(Writer commands, String line) throws IOException {
    commands.write(line + "\n");
    commands.flush();
  }
}
