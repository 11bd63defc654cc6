package dev.chowder.reconcile;

import dev.chowder.instance.InstanceState;
import dev.chowder.reconcile.LifecycleModel.Edge;
import dev.chowder.reconcile.LifecycleModel.Kinds;
import dev.chowder.reconcile.LifecycleModel.Late;
import dev.chowder.reconcile.LifecycleModel.Pair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Visits all worlds of a {@link LifecycleModel} within limits, breadth-first, so that the path to a
 * wrong one is the shortest. A world is an instance with its host, what is late, what was promised,
 * and how many commands and faults are left.
 */
final class ModelSearch {
  private final int maxCommands;
  private final int maxFaults;

  private final Table<InstanceState> states = new Table<>();
  private final Table<Pair> pairs = new Table<>();
  private final Table<Late> lates = new Table<>();
  private final Table<ModelPromises> promises = new Table<>();
  private final Map<Integer, List<Next>> nextOfPair = new HashMap<>();
  private final Map<Long, Next> arrivals = new HashMap<>();

  private final Set<String> names = new HashSet<>();

  private final Map<Long, Integer> known = new HashMap<>();
  private long[] worlds = new long[1 << 16];
  private int[] cameFrom = new int[1 << 16];
  private String[] by = new String[1 << 16];
  private int count;

  /** The progress from each world, which leads to {@code targets} from {@code begins} on. */
  private int[] begins = new int[1 << 16];

  private int[] targets = new int[1 << 18];
  private int progress;

  /** Values with numbers. */
  private static final class Table<T> {
    private final Map<T, Integer> ids = new HashMap<>();
    private final List<T> values = new ArrayList<>();

    int id(T value) {
      var found = ids.putIfAbsent(value, values.size());
      if (found != null) return found;
      values.add(value);
      return values.size() - 1;
    }

    T get(int id) {
      return values.get(id);
    }

    int size() {
      return values.size();
    }
  }

  /** An edge, and the number of the pair to which it leads. */
  private record Next(Edge edge, int pair) {}

  /** A world whose parts are numbered. */
  private record World(int pair, int late, int promises, int commands, int faults) {
    long key() {
      return (((((long) pair << 14 | late) << 14 | promises) << 3) | commands) << 3 | faults;
    }

    static World of(long key) {
      return new World(
          (int) (key >>> 34),
          (int) (key >>> 20) & 0x3fff,
          (int) (key >>> 6) & 0x3fff,
          (int) (key >>> 3) & 7,
          (int) key & 7);
    }
  }

  ModelSearch(int maxCommands, int maxFaults) {
    this.maxCommands = maxCommands;
    this.maxFaults = maxFaults;
  }

  /** Visits all worlds. Throws with the path to the first wrong one. */
  void run() {
    visit(-1, "", world(LifecycleModel.first(), LifecycleModel.NOT_LATE, ModelPromises.NONE));
    for (int at = 0; at < count; at++) expand(at);
    requireEnd();
  }

  int worlds() {
    return count;
  }

  /** Returns what was visited, as one line. */
  String summary() {
    return "%d worlds of %d instance states and %d host states, with %d late messages"
        .formatted(
            count,
            states.size(),
            pairs.values.stream().map(Pair::host).distinct().count(),
            lates.size() - 1);
  }

  /** Returns the phases of all visited instances. */
  Set<String> phases() {
    var all = new TreeSet<String>();
    for (var state : states.values) all.add(state.getClass().getSimpleName());
    return all;
  }

  /** Returns the names of all that happened. */
  Set<String> names() {
    return Set.copyOf(names);
  }

  private World world(Pair pair, Late late, ModelPromises promised) {
    return new World(pair(pair), lates.id(late), promises.id(promised), 0, 0);
  }

  private int pair(Pair pair) {
    int before = pairs.size();
    int id = pairs.id(pair);
    if (id == before) states.id(pair.state());
    return id;
  }

  private void expand(int at) {
    var world = World.of(worlds[at]);
    room(at);
    begins[at] = progress;
    boolean ends = true;
    for (var next : next(world.pair())) ends &= !follow(at, world, next);
    if (world.late() != 0) ends &= !follow(at, world, arrival(world));
    if (ends) {
      var wrong =
          promises.get(world.promises()).steady(pairs.get(world.pair()), world.faults() > 0);
      if (!wrong.isEmpty()) fail(wrong, at);
    }
  }

  private List<Next> next(int pair) {
    var found = nextOfPair.get(pair);
    if (found != null) return found;
    var at = pairs.get(pair);
    var all = new ArrayList<Next>();
    for (var edge : LifecycleModel.next(at)) all.add(next(edge));
    nextOfPair.put(pair, all);
    return all;
  }

  private Next next(Edge edge) {
    names.add(edge.name());
    return new Next(edge, pair(edge.to()));
  }

  private Next arrival(World world) {
    return arrivals.computeIfAbsent(
        (long) world.pair() << 14 | world.late(),
        _ -> next(LifecycleModel.arrival(pairs.get(world.pair()), lates.get(world.late()))));
  }

  /** Follows an edge; returns whether it is progress that changes something. */
  private boolean follow(int at, World world, Next next) {
    var edge = next.edge();
    int commands = world.commands() + (edge.kind() == Kinds.COMMAND ? 1 : 0);
    int faults = world.faults() + (edge.kind() == Kinds.FAULT ? 1 : 0);
    if (commands > maxCommands || faults > maxFaults) return false;
    // One thing can be late at a time.
    if (edge.kind() == Kinds.FAULT && edge.late().isPresent() && world.late() != 0) return false;
    int late = edge.late().map(lates::id).orElse(world.late());
    var before = promises.get(world.promises());
    int promised = promises.id(before.after(edge));
    var to = new World(next.pair(), late, promised, commands, faults);
    if (edge.kind() == Kinds.PROGRESS && to.equals(world)) return false;
    int reached = visit(at, edge.name(), to);
    var wrong =
        ModelPromises.forwards(pairs.get(world.pair()).state(), pairs.get(next.pair()).state());
    if (!wrong.isEmpty()) fail(wrong, at, edge.name(), to);
    if (edge.kind() != Kinds.PROGRESS) return false;
    if (progress == targets.length) targets = Arrays.copyOf(targets, 2 * progress);
    targets[progress++] = reached;
    return true;
  }

  private int visit(int from, String name, World world) {
    if (world.pair() >= 1 << 29 || world.late() >= 1 << 14 || world.promises() >= 1 << 14) {
      throw new IllegalStateException("too many parts of worlds: " + world);
    }
    var found = known.putIfAbsent(world.key(), count);
    if (found != null) return found;
    room(count);
    worlds[count] = world.key();
    cameFrom[count] = from;
    by[count] = name;
    count++;
    var wrong = promises.get(world.promises()).always(pairs.get(world.pair()));
    if (!wrong.isEmpty()) fail(wrong, count - 1);
    return count - 1;
  }

  private void room(int index) {
    if (index + 1 < worlds.length) return;
    worlds = Arrays.copyOf(worlds, 2 * worlds.length);
    cameFrom = Arrays.copyOf(cameFrom, worlds.length);
    by = Arrays.copyOf(by, worlds.length);
    begins = Arrays.copyOf(begins, worlds.length);
  }

  /** Checks that without commands and faults, no order of what happens goes on forever. */
  private void requireEnd() {
    room(count);
    begins[count] = progress;
    var seen = new byte[count];
    var path = new int[count + 1];
    var next = new int[count];
    for (int start = 0; start < count; start++) {
      if (seen[start] != 0) continue;
      int depth = 0;
      path[0] = start;
      next[start] = begins[start];
      seen[start] = 1;
      while (depth >= 0) {
        int at = path[depth];
        if (next[at] == begins[at + 1]) {
          seen[at] = 2;
          depth--;
          continue;
        }
        int to = targets[next[at]++];
        if (seen[to] == 1) failEndless(path, depth, to);
        if (seen[to] != 0) continue;
        seen[to] = 1;
        next[to] = begins[to];
        path[++depth] = to;
      }
    }
  }

  private void failEndless(int[] path, int depth, int again) {
    var text = new StringBuilder("this goes on forever:\n");
    int from = depth;
    while (path[from] != again) from--;
    for (int i = from; i <= depth; i++) text.append(line("", path[i]));
    fail(text.toString(), again);
  }

  private void fail(String wrong, int at, String name, World to) {
    throw new AssertionError(
        wrong + "\n" + path(at) + name + "\n    " + pairs.get(to.pair()) + "\n");
  }

  private void fail(String wrong, int at) {
    throw new AssertionError(wrong + "\n" + path(at));
  }

  private String path(int at) {
    var lines = new ArrayList<String>();
    for (int i = at; i > 0; i = cameFrom[i]) lines.add(line(by[i], i));
    Collections.reverse(lines);
    return String.join("", lines);
  }

  private String line(String name, int at) {
    var pair = pairs.get(World.of(worlds[at]).pair());
    int attempt = pair.state() instanceof InstanceState.Existing e ? e.attempt() : 0;
    var phase = pair.state().getClass().getSimpleName();
    return "%s%n    %s of attempt %d; %s%n".formatted(name, phase, attempt, pair.host());
  }
}
