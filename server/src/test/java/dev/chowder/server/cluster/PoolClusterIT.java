package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.api.v1.Instance;
import dev.chowder.base.Await;
import dev.chowder.journal.v1.InstanceEvent;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes share a pool. Each member becomes the instance of at most one create, also while
 * nodes are killed and restarted, and no sandbox is left behind.
 */
class PoolClusterIT {
  /** Maximum number of members of an organization. */
  private static final int SIZE = 3;

  /** Creates of an organization at once: more than members, so that each member is contended. */
  private static final int AT_ONCE = 9;

  private static final int ROUNDS = 3;
  private static final int CHANGES = 2;

  /** From a kill until other nodes continue the work: detection, agreement and removal. */
  private static final Duration TAKE_OVER_LIMIT = Duration.ofSeconds(90);

  /** Longer than a keeper takes to find a member that an earlier one created last. */
  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(90);

  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  /** Long enough that members boot in between, since none does while an instance is provisioned. */
  private static final Duration BETWEEN_CREATES = Duration.ofSeconds(2);

  private static final Duration BEFORE_ANOTHER_TRY = Duration.ofMillis(200);

  private static final Map<String, String> SETTINGS =
      Map.of(
          "CHOWDER_POOL_MAX_SIZE",
          Integer.toString(SIZE),
          // Long enough that a node can be killed during a boot.
          "CHOWDER_FAKE_BOOT_TIME",
          "300ms",
          "CHOWDER_RECONCILER_INTERVAL",
          "5s",
          "JDK_JAVA_OPTIONS",
          String.join(
              " ",
              // Long enough that creates find members that the keeper must discard.
              "-Dchowder.pool.check-interval=300ms",
              "-Dchowder.pool.boot-delay=0s",
              "-Dchowder.openclaw.warm-up-delay=0s",
              "-Dchowder.pool.min-retry-delay=100ms",
              "-Dchowder.pool.max-retry-delay=1s",
              "-Dchowder.deletion.retry-interval=500ms",
              // A reconciliation pass must not remove what was left behind.
              "-Dchowder.reconciler.removal-delay=1h"));

  @TempDir static Path base;
  private static ThreeNodes nodes;

  private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Customer> customers = new ArrayList<>();

  /** Ends the creates in the background. */
  private final CountDownLatch over = new CountDownLatch(1);

  /** An organization, and the responses to its creates. */
  private record Customer(Owner owner, Queue<Instance> created) {
    Instance add(Instance instance) {
      created.add(instance);
      return instance;
    }

    Set<String> ids() {
      return created.stream().map(Instance::getId).collect(Collectors.toSet());
    }
  }

  /** A member by its row. */
  private record Member(String id, String organizationId, boolean isReady) {}

  @BeforeAll
  static void start() throws IOException {
    nodes = new ThreeNodes(base, SETTINGS);
  }

  @AfterAll
  static void end() {
    nodes.close();
  }

  @BeforeEach
  void signUp() throws IOException, InterruptedException {
    for (int n = 0; n < 2; n++) {
      customers.add(new Customer(new Owner(nodes, "whale"), new ConcurrentLinkedQueue<>()));
    }
  }

  /** Deletes the organizations, which must leave no sandbox. */
  @AfterEach
  void leave() throws IOException, InterruptedException {
    over.countDown();
    callers.close();
    nodes.heal();
    for (var customer : customers) {
      customer.owner().deleteOrganization(nodes.node(1), nodes.operatorToken());
    }
    Await.until(
        SETTLE_LIMIT, () -> sandboxes().isEmpty(), () -> "left: " + sandboxes() + members());
    customers.forEach(customer -> customer.owner().close());
  }

  @Test
  void concurrentCreatesAtAllNodesClaimEachMemberOnce() throws Exception {
    fillPool();
    for (int round = 0; round < ROUNDS; round++) {
      awaitMembers();
      requireHits(createAtOnce(nodes.all()));
    }
    awaitSteady();
    deleteInstances();
  }

  @Test
  void noCreateGetsAMemberOfAnEarlierEndpoint() throws Exception {
    fillPool();
    for (int n = 1; n <= CHANGES; n++) {
      var path = "/v1/change-" + n;
      awaitMembers();
      var created = new ArrayList<Instance>();
      for (var customer : customers) {
        customer.owner().useEndpoint(nodes.node(1 + n % 3).channel(), path);
        for (var one : submitAtOnce(customer, nodes.all())) created.add(one.get());
      }
      requireEndpoint(path, created.stream().filter(PoolClusterIT::isHit).map(Instance::getId));
      awaitMembers();
      requireEndpoint(path, members().stream().map(Member::id));
      var next = createAtOnce(nodes.all());
      requireHits(next);
      created.addAll(next);
      awaitSteady();
      requireEndpoint(path, created.stream().map(Instance::getId));
    }
    deleteInstances();
  }

  private static void requireEndpoint(String path, Stream<String> ids) {
    assertThat(ids).allSatisfy(id -> assertThat(config(id)).contains(path + "\""));
  }

  @Test
  void membersOfAKilledKeeperAreReplacedAndNeverClaimed() throws Exception {
    fillPool();
    var keeper = keeper();
    var others = nodes.all().stream().filter(node -> node != keeper).toList();
    awaitBootBesideAMemberOf(keeper);
    var ofKeeper = members().stream().filter(member -> isOn(keeper, member)).toList();

    // Creates of one organization compete for members during the death. Those of the other one come
    // later, so that its members on the other nodes are left to the next keeper.
    var creates = new ArrayList<Future<Instance>>();
    for (int n = 0; n < AT_ONCE; n++) {
      int first = n;
      var customer = customers.getFirst();
      creates.add(callers.submit(() -> createOnce(customer, first, others, FaultLoad.PASSING)));
    }
    keeper.signal("KILL");
    assertThat(keeper.awaitExit(END_LIMIT)).isEqualTo(128 + 9);
    var recovered =
        ofKeeper.stream().map(Member::id).filter(id -> !isClaimed(id)).collect(Collectors.toSet());
    assertThat(recovered).as("members that were lost with " + keeper).isNotEmpty();
    var load = createUntilOver(List.of(customers.getFirst()), others, FaultLoad.PASSING);
    Await.until(
        TAKE_OVER_LIMIT,
        () ->
            others.stream().anyMatch(PoolClusterIT::isKeeper)
                && recovered.stream().noneMatch(id -> sandboxes().contains(sandbox(id))),
        () -> "recovered: " + recovered + "; members: " + members());
    over.countDown();
    for (var one : creates) assertThat(one.get().getId()).isNotIn(recovered);
    for (var one : load) assertThat(one.get()).as("creates").isPositive();

    awaitMembers();
    requireHits(createAtOnce(others));
    nodes.heal();
    awaitSteady();
    for (var customer : customers) {
      assertThat(customer.ids()).doesNotContainAnyElementsOf(recovered);
    }
    deleteInstances();
  }

  @Test
  void aRollingRestartFailsNoCreateAndLeavesNoSandbox() throws Exception {
    fillPool();
    awaitMembers();
    var load = createUntilOver(customers, nodes.all(), Set.of(Status.Code.UNAVAILABLE));
    for (var node : nodes.all()) {
      int before = created();
      node.restart(END_LIMIT);
      Await.until(SETTLE_LIMIT, () -> created() > before + 3, () -> "created: " + created());
    }
    over.countDown();
    for (var one : load) assertThat(one.get()).as("creates").isPositive();
    assertThat(customers.stream().flatMap(customer -> customer.created().stream()))
        .anyMatch(PoolClusterIT::isHit);

    awaitMembers();
    requireHits(createAtOnce(nodes.all()));
    awaitSteady();
    deleteInstances();
  }

  /** Makes the keeper want the maximum number of members. */
  private void fillPool() throws Exception {
    var _ = createAtOnce(nodes.all());
  }

  /** Creates instances of all organizations at once; none fails. */
  private List<Instance> createAtOnce(List<Node> through) throws Exception {
    var all = new ArrayList<Instance>();
    var submitted = new ArrayList<Future<Instance>>();
    for (var customer : customers) submitted.addAll(submitAtOnce(customer, through));
    for (var one : submitted) all.add(one.get());
    return all;
  }

  private List<Future<Instance>> submitAtOnce(Customer customer, List<Node> through) {
    var all = new ArrayList<Future<Instance>>();
    for (int n = 0; n < AT_ONCE; n++) {
      var channel = through.get(n % through.size()).channel();
      all.add(callers.submit(() -> customer.add(customer.owner().create(channel, "at once"))));
    }
    return all;
  }

  /** Creates one instance, and repeats the call while it fails temporarily. */
  private Instance createOnce(
      Customer customer, int first, List<Node> through, Set<Status.Code> temporary)
      throws InterruptedException {
    var key = UUID.randomUUID().toString();
    long deadline = System.nanoTime() + TAKE_OVER_LIMIT.toNanos();
    for (int n = first; ; n++) {
      try {
        return customer.add(
            customer.owner().createOnce(through.get(n % through.size()).channel(), key));
      } catch (StatusRuntimeException why) {
        if (!temporary.contains(why.getStatus().getCode()) || System.nanoTime() > deadline) {
          throw why;
        }
        Thread.sleep(BEFORE_ANOTHER_TRY);
      }
    }
  }

  /**
   * Creates instances of each organization through each node, one after another. Returns how many
   * each caller created.
   */
  private List<Future<Integer>> createUntilOver(
      List<Customer> organizations, List<Node> through, Set<Status.Code> temporary) {
    var all = new ArrayList<Future<Integer>>();
    for (var customer : organizations) {
      for (int n = 0; n < through.size(); n++) {
        int first = n;
        Callable<Integer> caller =
            () -> {
              int creates = 0;
              while (!over.await(BETWEEN_CREATES.toMillis(), TimeUnit.MILLISECONDS)) {
                var _ = createOnce(customer, first, through, temporary);
                creates++;
              }
              return creates;
            };
        all.add(callers.submit(caller));
      }
    }
    return all;
  }

  private int created() {
    return customers.stream().mapToInt(customer -> customer.created().size()).sum();
  }

  /** Requires that creates claimed at least as many members as there are organizations. */
  private void requireHits(List<Instance> created) {
    assertThat(created.stream().filter(PoolClusterIT::isHit))
        .as("creates that claimed a member")
        .hasSizeGreaterThanOrEqualTo(customers.size());
  }

  private static boolean isHit(Instance created) {
    return created.getServedBy() == Instance.ServedBy.pool;
  }

  private static Node keeper() {
    return nodes.all().stream().filter(PoolClusterIT::isKeeper).findFirst().orElseThrow();
  }

  private static boolean isKeeper(Node node) {
    return node.runs() && node.log().contains("duty=pool-keeper event=begun");
  }

  /**
   * Claims members until one boots while the last organization can claim one on the keeper's node
   * and one on another node.
   */
  private void awaitBootBesideAMemberOf(Node keeper) {
    Await.until(
        SETTLE_LIMIT,
        () -> {
          awaitMembers();
          for (var customer : customers) {
            var _ = customer.add(customer.owner().create(keeper.channel(), "claim"));
          }
          Await.until(
              SETTLE_LIMIT,
              () -> members().stream().anyMatch(member -> !member.isReady()),
              () -> "no member boots: " + members());
          var last = customers.getLast().owner().organizationId();
          return members().stream()
                  .filter(member -> member.isReady() && member.organizationId().equals(last))
                  .map(member -> isOn(keeper, member))
                  .distinct()
                  .count()
              == 2;
        },
        () -> "no member is on " + keeper + ": " + members());
  }

  /** Returns whether the node created the member. */
  private static boolean isOn(Node node, Member member) {
    return node.log().contains("instance=" + member.id() + " event=MemberCreated");
  }

  /** Waits until each organization has all its members, and none boots. */
  private void awaitMembers() {
    Await.until(
        SETTLE_LIMIT,
        () -> {
          var all = members();
          return all.stream().allMatch(Member::isReady)
              && customers.stream().allMatch(customer -> count(all, customer) == SIZE);
        },
        () -> "members: " + members());
  }

  private static long count(List<Member> members, Customer customer) {
    var id = customer.owner().organizationId();
    return members.stream().filter(member -> member.organizationId().equals(id)).count();
  }

  /**
   * Waits until the organizations have exactly the created instances, which run, and each sandbox
   * belongs to one instance or one member.
   */
  private void awaitSteady() {
    for (var customer : customers) {
      assertThat(customer.ids()).as("distinct ids").hasSameSizeAs(customer.created());
    }
    Await.until(SETTLE_LIMIT, () -> problem().isEmpty(), this::problem);
  }

  private String problem() {
    var channel = nodes.all().stream().filter(Node::runs).findFirst().orElseThrow().channel();
    var members = members();
    if (!members.stream().allMatch(Member::isReady)) return "a member boots: " + members;
    var expected = new TreeSet<String>();
    for (var member : members) expected.add(sandbox(member.id()));
    for (var customer : customers) {
      if (count(members, customer) > SIZE) return "too many members: " + members;
      var listed = customer.owner().list(channel);
      if (!listed.keySet().equals(customer.ids())) {
        return "instances: must be " + customer.ids() + "; got " + listed;
      }
      if (!listed.values().stream().allMatch(Instance.Status.running::equals)) {
        return "not running: " + listed;
      }
      int slots = customer.owner().organization(channel).getInstanceCount();
      if (slots != listed.size()) return "slots: must be " + listed.size() + "; got " + slots;
      for (var id : listed.keySet()) {
        if (!expected.add(sandbox(id))) return "both an instance and a member: " + id;
      }
    }
    var left = sandboxes();
    if (!left.containsAll(expected)) return "sandboxes: must include " + expected + "; got " + left;
    left.removeAll(expected);
    return left.isEmpty() ? "" : "left: " + left;
  }

  /** Deletes all instances, which leaves the members. */
  private void deleteInstances() throws Exception {
    var deleted = new ArrayList<Future<?>>();
    int n = 0;
    for (var customer : customers) {
      for (var id : customer.ids()) {
        var channel = nodes.all().get(n++ % nodes.all().size()).channel();
        deleted.add(callers.submit(() -> customer.owner().delete(channel, id)));
      }
      customer.created().clear();
    }
    for (var one : deleted) one.get();
    awaitSteady();
  }

  private static List<Member> members() {
    var all = new ArrayList<Member>();
    try (var connection = nodes.openDatabase();
        var query =
            connection.prepareStatement(
                "SELECT id, organization_id, status FROM instances WHERE terminated_at IS NULL AND"
                    + " position = ''");
        var row = query.executeQuery()) {
      while (row.next()) {
        all.add(new Member(row.getString(1), row.getString(2), row.getString(3).equals("pooled")));
      }
    } catch (SQLException why) {
      throw new IllegalStateException(why);
    }
    return all;
  }

  private static boolean isClaimed(String id) {
    var events = new HashSet<InstanceEvent.EventCase>();
    try (var connection = nodes.openDatabase();
        var query =
            connection.prepareStatement(
                "SELECT event_payload FROM event_journal WHERE persistence_id = ?")) {
      query.setString(1, "Instance|" + id);
      try (var row = query.executeQuery()) {
        while (row.next()) events.add(InstanceEvent.parseFrom(row.getBytes(1)).getEventCase());
      }
    } catch (SQLException | InvalidProtocolBufferException why) {
      throw new IllegalStateException(why);
    }
    assertThat(events).contains(InstanceEvent.EventCase.MEMBER_CREATED);
    return events.contains(InstanceEvent.EventCase.CLAIMED);
  }

  private static String config(String id) {
    try {
      return Files.readString(
          nodes.sandboxes().resolve(sandbox(id)).resolve("home/.openclaw/openclaw.json"));
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private static Set<String> sandboxes() {
    try (var found = Files.list(nodes.sandboxes())) {
      return found
          .map(path -> String.valueOf(path.getFileName()))
          .filter(name -> name.startsWith("sb-"))
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private static String sandbox(String id) {
    return "sb-" + id;
  }
}
