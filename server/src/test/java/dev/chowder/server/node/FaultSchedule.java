package dev.chowder.server.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.base.Await;
import dev.chowder.instance.InstanceEvent;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceJournal;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.server.node.ComponentStates.Written;
import dev.chowder.storage.Database;
import dev.chowder.storage.InstanceFilter;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs one organization's commands, faults of its host and kills of its node in an order that a
 * seed decides.
 */
final class FaultSchedule implements AutoCloseable {
  private static final int STEPS = 14;
  private static final int INSTANCES = 4;
  private static final int PAGE = 500;

  /** One schedule of so many has a death, which takes as long as a schedule. */
  private static final int SCHEDULES_PER_DEATH = 3;

  /** A create reaches about as many failpoints. */
  private static final int MOST_FAILPOINTS = 60;

  private static final Duration MEMBER_PATIENCE = Duration.ofMillis(300);
  private static final Duration CALLER_PATIENCE = Duration.ofMillis(500);
  private static final String JOURNALED =
      dev.chowder.instance.InstanceEntity.ENTITY_KEY.name() + "|";

  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);

  /** Overrides that a claimed gateway must take before its instance runs. */
  private static final Struct CONFIG =
      Struct.newBuilder()
          .putFields("logging.level", Value.newBuilder().setStringValue("debug").build())
          .build();

  /**
   * Codes that a caller may get while a host is faulty. Any other code is a defect of the server.
   */
  private static final Set<Status.Code> DOCUMENTED =
      EnumSet.of(Status.Code.FAILED_PRECONDITION, Status.Code.NOT_FOUND, Status.Code.UNAVAILABLE);

  private final Node node;
  private final NodeKills kills;
  private final HostFaults faults;
  private final Random random;
  private final String key;
  private final String organizationId;

  /** Ordering of the last event of earlier schedules. */
  private final long journaledBefore;

  private final AcknowledgedChanges acknowledged = new AcknowledgedChanges();
  private final List<String> living = new ArrayList<>();
  private final List<String> steps = new ArrayList<>();
  private final List<String> surprises = new ArrayList<>();
  private final AtomicInteger names = new AtomicInteger();
  private final ScheduleWatch watch;

  FaultSchedule(Node node, NodeKills kills, long seed) {
    this.node = node;
    this.kills = kills;
    this.random = new Random(seed);
    this.faults = new HostFaults(node.host(), random);
    this.key = node.newcomer("crab");
    this.organizationId = node.organizationId(key);
    this.journaledBefore = newestOrdering(node.runs().database());
    // In half of the schedules, each agent is onboarded in a task.
    if (seed % 2 == 0) node.script().withoutSkeleton();
    this.watch = new ScheduleWatch(node, key);
  }

  void run() throws IOException {
    boolean dies = random.nextInt(SCHEDULES_PER_DEATH) == 0;
    int death = random.nextInt(STEPS);
    for (int n = 0; n < STEPS; n++) {
      restartIfDead();
      if (dies && n == death) armDeath();
      step();
    }
    kills.disarm();
    restartIfDead();
    steps.add("healed");
    node.script().heal();
    awaitAgreement();
    steps.add("all deleted");
    living.addAll(acknowledged.adopted());
    for (var id : List.copyOf(living)) delete(id);
    awaitAgreement();
  }

  /** Lets the node die at a failpoint that this step, a later one or work of its own reaches. */
  private void armDeath() {
    int failpoints = random.nextInt(1, MOST_FAILPOINTS);
    note("dies at failpoint " + failpoints + " from here");
    node.runs().keepMetrics();
    kills.dieAt(failpoints);
  }

  private void restartIfDead() throws IOException {
    if (!node.runs().isDead()) return;
    note("starts again");
    // A faulty host does not keep a node from its start.
    node.runs().restart();
  }

  private void step() {
    int dice = random.nextInt(100);
    if (living.isEmpty() || (dice < 20 && living.size() < INSTANCES)) {
      create();
    } else if (dice < 66) {
      command(pick(living), dice);
    } else if (dice < 72) {
      race(pick(living), random.nextInt(20, 66), random.nextInt(20, 66));
    } else {
      note(faults.next(target()));
    }
  }

  /** Picks an instance or, for some of the faults, a pool member. */
  private String target() {
    var instance = pick(living);
    boolean wanted = random.nextInt(3) == 0;
    int which = random.nextInt(PAGE);
    var members = members();
    return wanted && !members.isEmpty() ? members.get(which % members.size()) : instance;
  }

  /**
   * Waits for a member that can be claimed, since commands follow faster than members boot. There
   * may be none, because of a fault or because the organization created nothing yet.
   */
  private void awaitMember() {
    if (names.get() == 0) return;
    Await.holdsWithin(MEMBER_PATIENCE, () -> !members(Name.POOLED).isEmpty());
  }

  private List<String> members() {
    return members(Name.POOLED, Name.WARMING);
  }

  private List<String> members(Name... statuses) {
    try {
      var rows = new InstanceRows(node.runs().database());
      return Stream.of(statuses)
          .flatMap(status -> rows.unlisted(organizationId, status.label()).stream())
          .map(InstanceRow::id)
          .toList();
    } catch (RuntimeException why) {
      // The death of the node ends the test's connections to its database, too.
      if (!node.runs().isDead()) throw why;
      return List.of();
    }
  }

  private void command(String id, int dice) {
    if (dice < 31) {
      call("stop", id, () -> stop(id), Name.STOPPED, Name.ERROR);
    } else if (dice < 40) {
      call("start", id, () -> start(id), Name.RUNNING, Name.ERROR);
    } else if (dice < 45) {
      call("restart", id, () -> restart(id), Name.RUNNING, Name.ERROR);
    } else if (dice < 50) {
      call("recover", id, () -> recover(id), Name.RUNNING, Name.ERROR);
    } else if (dice < 53) {
      rename(id);
    } else if (dice < 56) {
      attempt("write a file of " + id, () -> node.putFile(key, id, "note.txt", "note"));
    } else if (dice < 58) {
      attempt("rotate the token of " + id, () -> rotateToken(id));
    } else if (dice < 61) {
      configure(id);
    } else {
      delete(id);
    }
  }

  /** Creates instances: one, two at once, or one by two calls with the same idempotency key. */
  private void create() {
    boolean configured = random.nextInt(4) == 0;
    int dice = random.nextInt(6);
    if (random.nextBoolean()) awaitMember();
    var first = request(configured);
    var ids = new ArrayList<String>();
    if (dice < 2) {
      var once = new Metadata();
      once.put(IDEMPOTENCY_KEY, first.getName());
      ids.addAll(Set.copyOf(createAtOnce(once, List.of(first, first))));
      if (ids.size() > 1) addSurprise("one idempotency key created " + ids);
    } else {
      var requests = dice == 2 ? List.of(first, request(configured)) : List.of(first);
      ids.addAll(createAtOnce(new Metadata(), requests));
    }
    living.addAll(ids);
  }

  private CreateInstanceRequest request(boolean configured) {
    var request =
        CreateInstanceRequest.newBuilder()
            .setName("agent-" + names.incrementAndGet())
            .setModelProvider("custom");
    if (configured) request.setOpenclawConfig(CONFIG);
    return request.build();
  }

  /** Returns the ids that concurrent creates were answered with. */
  private List<String> createAtOnce(Metadata headers, List<CreateInstanceRequest> requests) {
    var ids = Collections.synchronizedList(new ArrayList<String>());
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var request : requests) {
        callers.execute(
            () ->
                attempt(
                    "create " + request.getName(),
                    () -> acknowledged.createdOrNot(request.getName()),
                    () -> {
                      var id =
                          node.instances(key)
                              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                              .createInstance(request)
                              .getId();
                      ids.add(id);
                      if (!acknowledged.created(id, request.getName())
                          && !headers.containsKey(IDEMPOTENCY_KEY)) {
                        addSurprise("two creates were answered with " + id);
                      }
                      acknowledged.endsAs(id, Name.RUNNING, Name.ERROR);
                    }));
      }
    }
    return ids;
  }

  private void call(String what, String id, Runnable call, Name... ends) {
    attempt(
        what + " " + id,
        () -> acknowledged.endsAs(id, Name.RUNNING, Name.STOPPED, Name.ERROR),
        () -> {
          call.run();
          acknowledged.endsAs(id, ends);
        });
  }

  private void rename(String id) {
    var name = "agent-" + names.incrementAndGet();
    attempt(
        "rename " + id,
        () -> acknowledged.renamedOrNot(id),
        () -> {
          rename(id, name);
          acknowledged.renamed(id, name);
        });
  }

  /** Changes the overrides, which a stopped gateway takes at its next start. */
  private void configure(String id) {
    attempt(
        "configure " + id,
        () -> {
          var _ =
              node.instances(key)
                  .updateInstance(
                      UpdateInstanceRequest.newBuilder()
                          .setInstanceId(id)
                          .setOpenclawConfig(CONFIG)
                          .build());
        });
  }

  /** The call waits for the rotation, so this caller gives up soon. */
  private void rotateToken(String id) {
    try {
      var _ =
          node.instances(key)
              .withDeadlineAfter(CALLER_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
              .rotateGatewayToken(RotateGatewayTokenRequest.newBuilder().setInstanceId(id).build());
    } catch (StatusRuntimeException why) {
      if (why.getStatus().getCode() != Status.Code.DEADLINE_EXCEEDED) throw why;
    }
  }

  private void delete(String id) {
    attempt(
        "delete " + id,
        () -> acknowledged.deletedOrNot(id),
        () -> {
          var _ =
              node.instances(key)
                  .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
          acknowledged.deleted(id);
          living.remove(id);
        });
  }

  /** Two concurrent callers: whichever is first, the instance reaches one valid state. */
  private void race(String id, int one, int other) {
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int dice : List.of(one, other)) {
        callers.execute(() -> attempt("race " + id, () -> raced(id, dice)));
      }
    }
    acknowledged.endsAs(id, Name.RUNNING, Name.STOPPED, Name.ERROR);
  }

  private void raced(String id, int dice) {
    if (dice < 32) {
      stop(id);
    } else if (dice < 42) {
      start(id);
    } else if (dice < 49) {
      restart(id);
    } else if (dice < 56) {
      recover(id);
    } else {
      acknowledged.renamedOrNot(id);
      rename(id, "agent-raced-" + dice);
    }
  }

  private void stop(String id) {
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private void start(String id) {
    var _ =
        node.instances(key)
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private void restart(String id) {
    var _ =
        node.instances(key)
            .restartInstance(
                RestartInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private void recover(String id) {
    var _ =
        node.instances(key)
            .recoverInstance(
                RecoverInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private void rename(String id, String name) {
    var _ =
        node.instances(key)
            .updateInstance(
                UpdateInstanceRequest.newBuilder().setInstanceId(id).setName(name).build());
  }

  private void attempt(String what, Runnable call) {
    attempt(what, () -> {}, call);
  }

  /**
   * Performs a call.
   *
   * @param unknown runs if the node died before it replied
   */
  private void attempt(String what, Runnable unknown, Runnable call) {
    try {
      call.run();
      note(what);
    } catch (StatusRuntimeException why) {
      note(what + ": " + why.getStatus());
      if (node.runs().isDead()) {
        unknown.run();
        return;
      }
      if (!DOCUMENTED.contains(why.getStatus().getCode()))
        addSurprise(what + ": " + why.getStatus());
    }
  }

  private synchronized void note(String step) {
    steps.add(step);
  }

  private synchronized void addSurprise(String what) {
    surprises.add(what);
  }

  private <T> T pick(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  private void awaitAgreement() {
    Node.await(
        () -> {
          var problems = new ArrayList<>(surprises);
          problems.addAll(evidence().problems());
          return problems.isEmpty()
              ? ""
              : String.join("\n", problems)
                  + "\nafter "
                  + steps
                  + "\n"
                  + watch
                  + " of "
                  + newestOrdering(node.runs().database());
        });
  }

  private ComponentStates evidence() {
    var journal = journal();
    var answered = new HashMap<String, Integer>();
    for (var id : journal.keySet()) answer(id).ifPresent(i -> answered.put(id, i.getRevision()));
    return new ComponentStates(
        acknowledged,
        journal,
        rows(),
        answered,
        node.slots(key),
        sandboxes(journal.keySet()),
        watch.revisions());
  }

  /**
   * Returns the events of the organization's instances and of its members, which are not part of
   * its history.
   */
  private Map<String, List<Written>> journal() {
    var all = new HashMap<String, List<Written>>();
    node.runs()
        .database()
        .jdbi()
        .useHandle(
            handle ->
                handle
                    .createQuery(
                        "SELECT \"persistence_id\" AS id, \"sequence_number\" AS number,"
                            + " \"event_payload\" AS payload FROM \"event_journal\" WHERE"
                            + " \"ordering\" > :before AND \"persistence_id\" LIKE :instances"
                            + " ORDER BY \"ordering\"")
                    .bind("before", journaledBefore)
                    .bind("instances", JOURNALED + "%")
                    .map(
                        (row, _) ->
                            Map.entry(
                                row.getString("id").substring(JOURNALED.length()),
                                new Written(
                                    row.getLong("number"),
                                    InstanceJournal.parse(
                                        ByteString.copyFrom(row.getBytes("payload"))))))
                    .forEach(
                        one ->
                            all.computeIfAbsent(one.getKey(), _ -> new ArrayList<>())
                                .add(one.getValue())));
    all.values().removeIf(events -> !isOfOrganization(events.getFirst()));
    return all;
  }

  private static long newestOrdering(Database database) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery("SELECT COALESCE(MAX(\"ordering\"), 0) FROM \"event_journal\"")
                    .mapTo(Long.class)
                    .one());
  }

  /** Earlier schedules leave members, whose first event is older or names another organization. */
  private boolean isOfOrganization(Written first) {
    return first.sequenceNumber() == 1
        && switch (first.event()) {
          case InstanceEvent.Created created ->
              created.profile().organizationId().equals(organizationId);
          case InstanceEvent.MemberCreated created ->
              created.profile().organizationId().equals(organizationId);
          case InstanceEvent.CreationForbidden forbidden ->
              forbidden.organizationId().equals(organizationId);
          case InstanceEvent _ -> false;
        };
  }

  private Map<String, InstanceRow> rows() {
    return new InstanceRows(node.runs().database())
        .list(organizationId, InstanceFilter.ALL, PAGE, Optional.empty()).stream()
            .collect(Collectors.toMap(InstanceRow::id, UnaryOperator.identity()));
  }

  private Optional<Instance> answer(String id) {
    try {
      return Optional.of(node.get(key, id));
    } catch (StatusRuntimeException why) {
      if (why.getStatus().getCode() != Status.Code.NOT_FOUND) throw why;
      return Optional.empty();
    }
  }

  private Map<String, SandboxObservation> sandboxes(Collection<String> ids) {
    return ids.stream()
        .map(InstanceId::new)
        .map(id -> Map.entry(id.value(), node.host().observe(Node.sandbox(id.value()))))
        .filter(e -> e.getValue().homeExists())
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  @Override
  public void close() {
    watch.close();
  }
}
