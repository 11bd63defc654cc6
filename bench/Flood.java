import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * One organization that asks as hard as it can from many connections: it creates, lists the largest pages, reads and deletes without
 * a pause, whatever it is answered. A process of its own, which {@link Fairness} starts and which gives way to all others, since a
 * flood's own processor time would come from another machine. It reads its key, then `on` and `off`; after `off` it answers how often
 * it was given each status.
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

  public static void main(String[] arguments) throws Exception {
    var options = new Options(arguments, 0);
    giveWay(options.text("nice"));
    var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var flood = new Flood(new Api(options), commands.readLine());
    flood.obey(commands, options.number("connections", 64));
  }

  /** Where processes are grouped by session, nice alone counts only among those of its own. */
  private static void giveWay(String nice) throws IOException {
    var group = Path.of("/proc/self/autogroup");
    if (Files.exists(group)) Files.writeString(group, nice);
  }

  private void obey(BufferedReader commands, int connections) throws IOException {
    // Whoever commands, and all who flood: off is answered when the last of them has stopped.
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
            new TreeMap<>(answered).entrySet().stream().map(one -> one.getKey() + "=" + one.getValue()).collect(Collectors.joining(" ")));
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

  /** The id of what it made; empty: nothing. */
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
