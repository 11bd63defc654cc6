package dev.chowder.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * One organization that calls as fast as it can over many connections: it creates, lists the
 * largest pages, reads and deletes without a pause, whatever the responses are. {@link Fairness}
 * starts it as a separate process with a low priority, since a real flood would use the processors
 * of other machines. It reads its key, then `on` and `off`. After `off` it prints how often it
 * received each status.
 */
final class Flood {
  private static final String CREATE = "{\"name\":\"flood\",\"model_provider\":\"custom\"}";

  private final Api api;
  private final String key;
  private final Map<String, AtomicLong> answered = new ConcurrentHashMap<>();
  private volatile boolean on;

  private Flood(Api api, String key) {
    this.api = api;
    this.key = key;
  }

  /**
   * Returns the command that starts it in its own session, in which its low priority applies
   * against all other processes.
   */
  static List<String> command(Endpoints endpoints, int nice, int connections) {
    return List.of(
        "setsid",
        "nice",
        "-n",
        Integer.toString(nice),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx512m",
        "-cp",
        System.getProperty("java.class.path"),
        Flood.class.getName(),
        endpoints.rest().toString(),
        endpoints.operator().toString(),
        endpoints.monitoring().toString(),
        endpoints.operatorToken().toString(),
        Integer.toString(nice),
        Integer.toString(connections));
  }

  /** Runs the flood with the arguments of {@link #command}. */
  public static void main(String[] arguments) throws Exception {
    var endpoints =
        new Endpoints(
            URI.create(arguments[0]),
            URI.create(arguments[1]),
            URI.create(arguments[2]),
            Path.of(arguments[3]));
    giveWay(arguments[4]);
    var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var flood = new Flood(new Api(endpoints), commands.readLine());
    flood.obey(commands, Integer.parseInt(arguments[5]));
  }

  /**
   * Lowers the priority of the session too: if the kernel groups processes by session, nice only
   * applies within a session.
   */
  private static void giveWay(String nice) throws IOException {
    var group = Path.of("/proc/self/autogroup");
    if (Files.exists(group)) Files.writeString(group, nice);
  }

  private void obey(BufferedReader commands, int connections) throws IOException {
    // The commanding thread and all flooding threads, so that it replies to `off` after the last of
    // them has stopped.
    var turn = new Phaser(1);
    for (var command = commands.readLine(); command != null; command = commands.readLine()) {
      if (command.equals("on")) {
        on = true;
        for (int n = 0; n < connections; n++) {
          turn.register();
          Thread.ofVirtual().start(() -> flood(turn));
        }
      } else {
        on = false;
        turn.arriveAndAwaitAdvance();
        System.out.println(
            new TreeMap<>(answered)
                .entrySet().stream()
                    .map(one -> one.getKey() + "=" + one.getValue())
                    .collect(Collectors.joining(" ")));
        answered.clear();
      }
    }
  }

  private void flood(Phaser turn) {
    while (on) {
      var made = call("POST", "/v1/instances", CREATE);
      call("GET", "/v1/instances?page_size=500", "");
      if (made.isEmpty()) continue;
      call("GET", "/v1/instances/" + made, "");
      call("DELETE", "/v1/instances/" + made, "");
    }
    turn.arriveAndDeregister();
  }

  /** Returns the id of the created instance; empty if none was created. */
  private String call(String method, String path, String body) {
    try {
      var answer = api.call(method, path, body, key);
      count(Integer.toString(answer.statusCode()));
      return answer.statusCode() == 201 ? Api.first(Api.ID, answer.body()) : "";
    } catch (IOException failed) {
      count("none");
    } catch (InterruptedException stop) {
      on = false;
    }
    return "";
  }

  private void count(String status) {
    answered.computeIfAbsent(status, _ -> new AtomicLong()).incrementAndGet();
  }
}
