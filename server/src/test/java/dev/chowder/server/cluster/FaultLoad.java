package dev.chowder.server.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.server.cluster.FaultLedger.EndState;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Function;

/**
 * Callers that create, stop, start, delete and read instances through all nodes until {@code end}.
 * They repeat calls without a response, a POST with its key, and record all results. Each caller
 * has its own instances, so its last acknowledgement counts.
 */
final class FaultLoad {
  /** Codes of temporary failures, after which a call may be repeated. */
  static final Set<Status.Code> PASSING =
      EnumSet.of(
          Status.Code.UNAVAILABLE,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.ABORTED,
          Status.Code.RESOURCE_EXHAUSTED);

  /** Suffix for a failure whose response should have contained Retry-After. */
  static final String WITHOUT_RETRY_AFTER = " without Retry-After";

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);

  /** Longer than the server takes to report that there is no response. */
  private static final long CALL_SECONDS = 50;

  private static final int WAIT_SECONDS = 10;
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final Duration BEFORE_ANOTHER_TRY = Duration.ofMillis(200);

  /** Time after the end to repeat calls that have no response yet. */
  private static final Duration LAST_TRIES = Duration.ofSeconds(60);

  private final ThreeNodes nodes;
  private final Owner owner;
  private final FaultLedger ledger;
  private final String name;
  private final AtomicIntegerArray answers;
  private final Map<String, Integer> failures = new ConcurrentSkipListMap<>();
  private final List<Throwable> broken = new CopyOnWriteArrayList<>();
  private final List<Thread> callers = new ArrayList<>();
  private volatile boolean over;
  private volatile long triesEnd;

  /**
   * Prepares the callers.
   *
   * @param name name of the test, a prefix of the instances' names
   */
  FaultLoad(ThreeNodes nodes, Owner owner, FaultLedger ledger, String name, int callers) {
    this.nodes = nodes;
    this.owner = owner;
    this.ledger = ledger;
    this.name = name;
    this.answers = new AtomicIntegerArray(callers);
  }

  /** Creates instances, and returns their ids when all are acknowledged. */
  List<String> populate(int instances) throws InterruptedException {
    var all = new ArrayList<Caller>();
    for (int n = 0; n < answers.length(); n++) {
      int first = n;
      var caller = new Caller(n, new Random(n), new ArrayDeque<>());
      all.add(caller);
      callers.add(Thread.ofVirtual().start(() -> caller.create(first, instances)));
    }
    join();
    return all.stream().flatMap(caller -> caller.created.stream()).toList();
  }

  /**
   * Starts the callers.
   *
   * @param population instances that the callers stop and start but never delete, divided among
   *     them
   */
  void begin(Collection<String> population, long seed) {
    var shares = new ArrayList<Queue<String>>();
    for (int n = 0; n < answers.length(); n++) shares.add(new ArrayDeque<>());
    int next = 0;
    for (var id : population) shares.get(next++ % shares.size()).add(id);
    for (int n = 0; n < shares.size(); n++) {
      var caller = new Caller(n, new Random(seed + n), shares.get(n));
      callers.add(Thread.ofVirtual().start(caller::live));
    }
  }

  /** Resets the counts that {@code fewestAnswers} returns. */
  void resetCounts() {
    for (int n = 0; n < answers.length(); n++) answers.set(n, 0);
  }

  /** Returns how many responses the caller with the fewest got. */
  int fewestAnswers() {
    int fewest = Integer.MAX_VALUE;
    for (int n = 0; n < answers.length(); n++) fewest = Math.min(fewest, answers.get(n));
    return fewest;
  }

  /** Returns the number of failures by call and code, such as {@code create UNAVAILABLE}. */
  Map<String, Integer> failures() {
    return Map.copyOf(failures);
  }

  /** Starts no new calls. Returns when every call was answered or cancelled. */
  void end() throws InterruptedException {
    triesEnd = System.nanoTime() + LAST_TRIES.toNanos();
    over = true;
    join();
  }

  private void join() throws InterruptedException {
    for (var caller : callers) caller.join();
    if (!broken.isEmpty()) throw new AssertionError("a caller failed", broken.getFirst());
  }

  private final class Caller {
    private final int number;
    private final Random dice;
    private final Queue<String> mine;
    private final Queue<String> created = new ArrayDeque<>();

    Caller(int number, Random dice, Queue<String> mine) {
      this.number = number;
      this.dice = dice;
      this.mine = mine;
    }

    void live() {
      try {
        for (int n = 0; !over; n++) {
          switch (dice.nextInt(10)) {
            case 0, 1, 2 -> create(name + "-" + number + "-" + n);
            case 3, 4, 5 -> move(mine);
            case 6 -> move(created);
            case 7 -> delete();
            default -> list();
          }
          Thread.sleep(PAUSE);
        }
      } catch (InterruptedException | RuntimeException | AssertionError why) {
        broken.add(why);
      }
    }

    /** Creates every n-th of {@code all} instances, where n is the number of callers. */
    void create(int first, int all) {
      try {
        for (int n = first; n < all; n += answers.length()) create(name + "-" + n);
      } catch (InterruptedException | RuntimeException | AssertionError why) {
        broken.add(why);
      }
    }

    private void create(String wanted) throws InterruptedException {
      ledger.creates(wanted);
      var request =
          CreateInstanceRequest.newBuilder().setName(wanted).setModelProvider("custom").build();
      var made = say("create", wanted, stub -> stub.createInstance(request));
      if (made.isEmpty()) return;
      ledger.created(wanted, made.get().getId());
      created.add(made.get().getId());
    }

    /** Stops a running instance or starts a stopped one; leaves the others unchanged. */
    private void move(Queue<String> among) throws InterruptedException {
      var id = among.poll();
      if (id == null) return;
      var get = GetInstanceRequest.newBuilder().setInstanceId(id).build();
      var now = say("get", "", stub -> stub.getInstance(get));
      if (now.isEmpty()) return;
      if (now.get().getStatus() != now.get().getDesiredStatus()) {
        among.add(id);
        return;
      }
      var endState =
          now.get().getStatus() == Instance.Status.running ? EndState.STOPPED : EndState.RUNNING;
      var key = id + "-" + now.get().getRevision();
      ledger.client(id, endState);
      var moved =
          endState == EndState.STOPPED
              ? say(
                  "stop",
                  key,
                  stub ->
                      stub.stopInstance(
                          StopInstanceRequest.newBuilder()
                              .setInstanceId(id)
                              .setWait(WAIT_SECONDS)
                              .build()))
              : say(
                  "start",
                  key,
                  stub ->
                      stub.startInstance(
                          StartInstanceRequest.newBuilder()
                              .setInstanceId(id)
                              .setWait(WAIT_SECONDS)
                              .build()));
      if (moved.isEmpty()) return;
      ledger.acknowledged(id, endState);
      among.add(id);
    }

    /** DELETE has no idempotency key. If it is repeated, NOT_FOUND also means success. */
    private void delete() throws InterruptedException {
      var id = created.poll();
      if (id == null) return;
      ledger.client(id, EndState.GONE);
      var request = DeleteInstanceRequest.newBuilder().setInstanceId(id).build();
      var tries = new AtomicInteger();
      var gone =
          say(
              "delete",
              "",
              stub -> {
                boolean again = tries.getAndIncrement() > 0;
                try {
                  return stub.deleteInstance(request).isInitialized();
                } catch (StatusRuntimeException why) {
                  if (again && why.getStatus().getCode() == Status.Code.NOT_FOUND) return true;
                  throw why;
                }
              });
      if (gone.isPresent()) ledger.acknowledged(id, EndState.GONE);
    }

    private void list() throws InterruptedException {
      var request = ListInstancesRequest.newBuilder().setPageSize(50).build();
      var _ = say("list", "", stub -> stub.listInstances(request));
    }

    /** Returns the response of any node; empty if it was rejected or none came before the end. */
    private <T> Optional<T> say(
        String what, String key, Function<InstanceServiceBlockingStub, T> call)
        throws InterruptedException {
      while (true) {
        var node = nodes.all().get(dice.nextInt(nodes.all().size()));
        var stub = owner.over(node.channel()).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
        try {
          var answer = call.apply(key.isEmpty() ? stub : keyed(stub, key));
          answers.incrementAndGet(number);
          return Optional.of(answer);
        } catch (StatusRuntimeException why) {
          failures.merge(what + " " + named(why), 1, Integer::sum);
          boolean passes = PASSING.contains(why.getStatus().getCode());
          if (!passes || (over && System.nanoTime() > triesEnd)) return Optional.empty();
          Thread.sleep(BEFORE_ANOTHER_TRY);
        }
      }
    }
  }

  private static InstanceServiceBlockingStub keyed(InstanceServiceBlockingStub stub, String key) {
    var headers = new Metadata();
    headers.put(KEY, key);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** Returns code and reason. A failure without a reason did not come from the server. */
  private static String named(StatusRuntimeException why) {
    var code = why.getStatus().getCode().name();
    var status = StatusProto.fromThrowable(why);
    if (status == null || status.getDetailsCount() == 0) return code;
    try {
      var reason = status.getDetails(0).unpack(ErrorInfo.class).getReason();
      boolean saysWhen = status.getDetailsList().stream().anyMatch(it -> it.is(RetryInfo.class));
      boolean mustSayWhen = why.getStatus().getCode() == Status.Code.UNAVAILABLE;
      return code + " " + reason + (mustSayWhen && !saysWhen ? WITHOUT_RETRY_AFTER : "");
    } catch (InvalidProtocolBufferException broken) {
      throw new IllegalStateException(broken);
    }
  }
}
