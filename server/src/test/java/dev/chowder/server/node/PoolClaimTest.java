package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.server.operator.OperatorCalls;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.storage.Database;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Repeats creates whose first call ended without a result, and creates that find a member which
 * another create claimed first.
 */
// Each test starts its node first.
@SuppressWarnings("NullAway.Init")
class PoolClaimTest {
  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);

  @TempDir Path home;
  private Node node;
  private Database database;
  private String key;

  private void start(Map<String, Object> settings) throws IOException {
    var all = new HashMap<String, Object>();
    all.put("chowder.pool.max-size", 1);
    all.put("chowder.pool.check-interval", "20ms");
    all.put("chowder.pool.boot-delay", "0s");
    // No pass repairs the stale rows of a test.
    all.put("chowder.reconciler.interval", "1h");
    all.putAll(settings);
    node = Node.start(home, all);
    database = node.openDatabase();
    key = node.newcomer("whale");
  }

  @AfterEach
  void stop() {
    database.close();
    node.close();
  }

  @Test
  void aRepeatedCallReturnsTheMemberThatItsFirstCallClaimed() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    var member = awaitMember();
    assertThat(createOnce("once")).isEqualTo(member);
    forgetAnswer("once", member);
    assertThat(createOnce("once")).isEqualTo(member);
    assertThat(listed()).containsExactlyInAnyOrder(first, member);
    assertThat(node.slots(key)).isEqualTo(2);
  }

  @Test
  void aRepeatedCallNeitherReturnsNorChangesTheMemberThatAnotherCallClaimed() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    var ofThisCall = awaitMember();
    assertThat(createOnce("once")).isEqualTo(ofThisCall);
    var ofAnother = awaitMember();
    assertThat(create("another")).isEqualTo(ofAnother);
    var access = access(ofAnother);
    long secrets = secretsOf(ofAnother);
    assertThat(secrets).isPositive();
    // As if the first call had chosen this member and had died before it could claim it.
    forgetAnswer("once", ofAnother);

    var repeated = createOnce("once");

    assertThat(repeated).isNotEqualTo(ofAnother);
    assertThat(createOnce("once")).isEqualTo(repeated);
    assertThat(secretsOf(ofAnother)).isEqualTo(secrets);
    assertThat(access(ofAnother)).isEqualTo(access);
    assertThat(node.get(key, ofAnother).getName()).isEqualTo("another");
    assertThat(listed()).containsExactlyInAnyOrder(first, ofThisCall, ofAnother, repeated);
    assertThat(node.slots(key)).isEqualTo(4);
  }

  /** The reconciler discards such a member only if it is not halted. */
  @Test
  void aMemberOnAnotherHostIsNotClaimed() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    var member = awaitMember();
    node.host().identifyAs("another");
    node.host().relabelHomes(0);
    assertThat(create("second")).isNotEqualTo(member);
  }

  /** A call with another key claimed the member. */
  @Test
  void callsWithDifferentKeysNeverShareAMember() throws IOException {
    start(Map.of());
    var _ = node.createRunning(key);
    awaitMember();
    var once = createOnce("once");
    awaitMember();
    var other = createOnce("other");
    forgetAnswer("once", other);
    assertThat(createOnce("once")).isNotIn(once, other);
    forgetAnswer("other", other);
    assertThat(createOnce("other")).isEqualTo(other);
  }

  @Test
  void aRepeatedCallDiscardsAMemberThatItsFirstCallOnlyChose() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    var once = createOnce("once");
    var chosen = awaitMember();
    forgetAnswer("once", chosen);

    var repeated = createOnce("once");

    assertThat(repeated).isNotIn(first, once, chosen);
    Node.await(() -> node.host().observe(Node.sandbox(chosen)).homeExists() ? "not discarded" : "");
    Node.await(() -> secretsOf(chosen) == 0 ? "" : "secrets are left");
    assertThat(listed()).containsExactlyInAnyOrder(first, once, repeated);
    Node.await(() -> node.slots(key) == 3 ? "" : "slots: " + node.slots(key));
  }

  @Test
  void aCreateThatIsRefusedByAMemberTakesTheNextOne() throws IOException {
    start(Map.of());
    var first = node.createRunning(key);
    var claimed = awaitMember();
    keepRow(claimed);
    assertThat(create("second")).isEqualTo(claimed);
    var access = access(claimed);
    var next = awaitMember();
    restoreRow(claimed);

    assertThat(create("third")).isEqualTo(next);

    assertThat(node.get(key, claimed).getName()).isEqualTo("second");
    assertThat(access(claimed)).isEqualTo(access);
    assertThat(node.slots(key)).isEqualTo(3);
    assertThat(node.get(key, first).getStatus()).isEqualTo(Instance.Status.running);
  }

  @Test
  void aCreateThatIsRefusedByTheOnlyMemberIsCold() throws IOException {
    start(Map.of("chowder.pool.min-retry-delay", "1h"));
    var _ = node.createRunning(key);
    var claimed = awaitMember();
    keepRow(claimed);
    // No member replaces the claimed one.
    node.script().failNext(Verb.START, 1, Reason.REFUSED, "played");
    long before = sandboxes();
    assertThat(create("second")).isEqualTo(claimed);
    awaitFailedMember(before);
    restoreRow(claimed);
    var cold = create("third");
    assertThat(cold).isNotEqualTo(claimed);
    assertThat(node.awaitStatus(key, cold, Instance.Status.running).getServedBy())
        .isEqualTo(Instance.ServedBy.cold);
    var keyed = createOnce("once");
    assertThat(keyed).isNotIn(claimed, cold);
    assertThat(resourceOf("once")).isEqualTo(keyed);
    assertThat(createOnce("once")).isEqualTo(keyed);
    assertThat(node.get(key, claimed).getName()).isEqualTo("second");
    assertThat(node.slots(key)).isEqualTo(4);
  }

  @Test
  void aCreateAfterADiscardThatItsRowDoesNotShowReleasesTheSlot() throws IOException {
    start(Map.of("chowder.pool.min-retry-delay", "1h"));
    var _ = node.createRunning(key);
    var discarded = awaitMember();
    keepRow(discarded);
    node.script().failNext(Verb.START, 1, Reason.REFUSED, "played");
    awaitKeeper();
    long before = sandboxes();
    node.host().crash(Node.sandbox(discarded), 1, "played");
    awaitFailedMember(before);
    restoreRow(discarded);
    var cold = create("second");
    assertThat(cold).isNotEqualTo(discarded);
    Node.await(() -> node.slots(key) == 2 ? "" : "slots: " + node.slots(key));
  }

  @Test
  void theMembersOfADeletedOrganizationAreDiscarded() throws IOException {
    start(Map.of("chowder.deletion.retry-interval", "100ms"));
    var organization = node.organizationId(key);
    var _ = node.createRunning(key);
    var member = awaitMember();
    // The keeper reads the memory first, so that only the deletion can discard the member.
    node.script().failNext(Verb.CAPACITY, 100_000, Reason.ENGINE_UNREACHABLE, "played");
    var deleted =
        node.operator(
            "DeleteOrganization",
            OperatorCalls.request("organization_id", organization, "name", "org"));
    assertThat(deleted.statusCode()).as(deleted.body()).isEqualTo(200);
    Node.await(() -> node.host().observe(Node.sandbox(member)).homeExists() ? "not discarded" : "");
    Node.await(() -> secretsOf(member) == 0 ? "" : "secrets are left");
    Node.await(() -> node.host().list().isEmpty() ? "" : "left behind: " + node.host().list());
  }

  private String create(String name) {
    return node.instances(key).createInstance(request(name)).getId();
  }

  private String createOnce(String idempotencyKey) {
    var headers = new Metadata();
    headers.put(IDEMPOTENCY_KEY, idempotencyKey);
    return node.instances(key)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createInstance(request(idempotencyKey))
        .getId();
  }

  private static CreateInstanceRequest request(String name) {
    return CreateInstanceRequest.newBuilder().setName(name).setModelProvider("custom").build();
  }

  /** Makes the row as a call leaves it that dies after it stored this id. */
  private void forgetAnswer(String idempotencyKey, String resourceId) {
    execute(
        "UPDATE idempotency_keys SET outcome = NULL, answer = NULL, lease_until = TIMESTAMP WITH"
            + " TIME ZONE '2000-01-01 00:00:00Z', resource_id = ? WHERE idempotency_key = ?",
        resourceId,
        idempotencyKey);
  }

  private String resourceOf(String idempotencyKey) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery(
                        "SELECT resource_id FROM idempotency_keys WHERE idempotency_key = :key")
                    .bind("key", idempotencyKey)
                    .mapTo(String.class)
                    .one());
  }

  /** Keeps the row of a member that can be claimed. */
  private void keepRow(String id) {
    execute("CREATE TABLE kept AS SELECT * FROM instances WHERE id = ?", id);
  }

  /** Restores the row of a member, as another node reads it just before it is claimed. */
  private void restoreRow(String id) {
    execute("DELETE FROM instances WHERE id = ?", id);
    execute("INSERT INTO instances SELECT * FROM kept WHERE id = ?", id);
  }

  private void execute(String sql, Object... arguments) {
    database.jdbi().useHandle(handle -> assertThat(handle.execute(sql, arguments)).isNotNegative());
  }

  private long secretsOf(String owner) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery("SELECT COUNT(*) FROM secrets WHERE owner = :owner")
                    .bind("owner", owner)
                    .mapTo(Long.class)
                    .one());
  }

  private String access(String id) {
    return node.instances(key)
        .getGatewayAccess(GetGatewayAccessRequest.newBuilder().setInstanceId(id).build())
        .getGatewayToken();
  }

  private List<String> listed() {
    return node
        .instances(key)
        .listInstances(ListInstancesRequest.getDefaultInstance())
        .getInstancesList()
        .stream()
        .map(Instance::getId)
        .toList();
  }

  private List<String> members(String... statuses) {
    var rows = new InstanceRows(database);
    return Stream.of(statuses)
        .flatMap(status -> rows.unlisted(node.organizationId(key), status).stream())
        .map(InstanceRow::id)
        .toList();
  }

  /** Waits for exactly one member, which can be claimed, and returns its id. */
  private String awaitMember() {
    Node.await(
        () ->
            members("pooled").size() == 1 && members("warming").isEmpty()
                ? ""
                : "members: " + members("pooled", "warming"));
    return members("pooled").getFirst();
  }

  /** Waits until the next member after this many sandboxes has failed. */
  private void awaitFailedMember(long sandboxes) {
    Node.await(
        () ->
            sandboxes() > sandboxes && members("pooled", "warming").isEmpty()
                ? ""
                : "members: " + members("pooled", "warming"));
  }

  /**
   * Waits until the keeper has read all members. It counts a member that it has only seen booting
   * as one that failed to boot, and then creates no other for a while. It asks for the capacity
   * once in each of its checks, far more often than anything else.
   */
  private void awaitKeeper() {
    long before = calls(Verb.CAPACITY);
    Node.await(() -> calls(Verb.CAPACITY) > before + 3 ? "" : "the keeper does not check");
  }

  private long sandboxes() {
    return calls(Verb.CREATE);
  }

  private long calls(Verb verb) {
    return node.script().calls().stream().filter(call -> call.verb() == verb).count();
  }
}
