package dev.chowder.server.audit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.Message;
import dev.chowder.base.Ids;
import dev.chowder.base.RepeatingThread;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.operator.OperatorAudit;
import dev.chowder.server.rpc.RpcFacts;
import dev.chowder.storage.AuditRow;
import dev.chowder.storage.AuditRows;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the audit table. Records a call of an RPC that the protocol marks {@code audited} before
 * it is served; if recording fails, the call fails. Records operators' calls that may change
 * something, too, but serves them in any case. Equal calls within a period share an entry, so that
 * the holder of a stolen key or operator token cannot push its own entries out of the table. Counts
 * failed authentications in memory, and records them per client address and period.
 *
 * <p>Runs after the check of permissions, so that it records only calls that are allowed.
 */
public final class AuditLog implements ServerInterceptor, OperatorAudit, AutoCloseable {
  /** The action of an entry that counts failed authentications with API keys. */
  public static final String AUTHENTICATION_FAILED = "authentication_failed";

  /** The action of an entry that counts failed authentications with the operator token. */
  public static final String OPERATOR_AUTHENTICATION_FAILED = "operator_authentication_failed";

  private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
  private static final String INSTANCE_ID = "instance_id";
  private static final Pattern PORT = Pattern.compile("/[0-9]+");

  private final AuditRows rows;
  private final AuditSettings settings;
  private final InstantSource clock;
  private final BiPredicate<String, String> isInstance;
  private final Cache<Read, String> entries;

  /**
   * A separate cache: many reads would otherwise evict the entries of operators' calls, and each
   * call would then write a new row.
   */
  private final Cache<Read, String> operatorEntries;

  private final RepeatingThread timer = new RepeatingThread("audit");
  private Map<Failure, Integer> failures = new HashMap<>();

  /** Operators' calls of this period that have an entry with their ids. */
  private final Set<Read> withIds = new HashSet<>();

  /** The key of a count; an empty address stands for all addresses above the limit. */
  private record Failure(String action, String address) {}

  /** The values that are equal in all calls of one entry. */
  private record Read(
      String action, String organizationId, String keyId, String instanceId, String address) {
    private Read withoutInstance() {
      return new Read(action, organizationId, keyId, "", address);
    }

    /** Removes ids, and the port in an action, which identifies a resource like an id. */
    private Read withoutIds() {
      return new Read(PORT.matcher(action).replaceFirst(""), "", keyId, "", address);
    }
  }

  /**
   * Starts to record.
   *
   * @param isInstance returns whether an organization id (first argument) owns an instance id
   */
  public AuditLog(
      AuditRows rows,
      AuditSettings settings,
      InstantSource clock,
      BiPredicate<String, String> isInstance) {
    this.rows = rows;
    this.settings = settings;
    this.clock = clock;
    this.isInstance = isInstance;
    this.entries = entries(settings);
    this.operatorEntries = entries(settings);
    timer.every(settings.flushInterval(), this::flushQuietly);
    timer.every(settings.cleanupInterval(), () -> quietly(this::clean));
  }

  private static Cache<Read, String> entries(AuditSettings settings) {
    return Caffeine.newBuilder()
        .maximumSize(settings.maxEntries())
        .expireAfterWrite(settings.flushInterval())
        .build();
  }

  /** Catches everything, because an exception would end the repetitions of a task. */
  private static void quietly(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException why) {
      LOG.warn("audit: cannot reach the table; the next attempt follows: {}", why.toString());
    }
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var method = call.getMethodDescriptor();
    var caller = Caller.ifKnown();
    if (caller.isEmpty() || !RpcFacts.of(method).declared().getAudited())
      return next.startCall(call, headers);
    var address = ClientAddress.current();
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean recorded;

      @Override
      public void onMessage(Q request) {
        if (!recorded) record(caller.get(), address, method, (Message) request);
        recorded = true;
        super.onMessage(request);
      }
    };
  }

  private void record(
      Caller caller, String address, MethodDescriptor<?, ?> method, Message request) {
    var field = request.getDescriptorForType().findFieldByName(INSTANCE_ID);
    var instanceId = field == null ? "" : (String) request.getField(field);
    record(
        caller,
        String.valueOf(method.getBareMethodName()),
        instanceId,
        ClientAddress.shown(address));
  }

  /** Records a call that is about to be served; {@code address} as entries show it. */
  void record(Caller caller, String action, String instanceId, String address) {
    var read = new Read(action, caller.organizationId(), caller.keyId(), instanceId, address);
    if (entries.getIfPresent(read) != null || exists(read)) record(entries, read);
    else record(entries, read.withoutInstance());
  }

  /** A malformed id is rejected later, and may be longer than an id. */
  private boolean exists(Read read) {
    return Ids.isId(read.instanceId()) && isInstance.test(read.organizationId(), read.instanceId());
  }

  private void record(Cache<Read, String> entries, Read read) {
    var id = Ids.next();
    while (true) {
      var shared = entries.get(read, _ -> append(id, read));
      if (shared.equals(id) || rows.repeat(shared)) return;
      // The retention deleted it.
      entries.asMap().remove(read, shared);
    }
  }

  private String append(String id, Read read) {
    rows.append(
        new AuditRow(
            id,
            clock.instant(),
            read.action(),
            read.organizationId(),
            read.keyId(),
            read.instanceId(),
            read.address(),
            1));
    return id;
  }

  /**
   * Counts a failed authentication with an API key.
   *
   * @param address the client, as {@link ClientAddress} names it
   */
  public void authenticationFailed(String address) {
    count(new Failure(AUTHENTICATION_FAILED, ClientAddress.shown(address)), 1);
  }

  @Override
  public void rejected(String client) {
    count(new Failure(OPERATOR_AUTHENTICATION_FAILED, ClientAddress.shown(client)), 1);
  }

  @Override
  public void called(String client, String action, String organizationId, String instanceId) {
    var address = ClientAddress.shown(client);
    try {
      var call = new Read(action, organizationId, "", instanceId, address);
      record(operatorEntries, isRecordedWithIds(call) ? call : call.withoutIds());
    } catch (RuntimeException why) {
      LOG.warn(
          "audit: cannot record that {} called {} (organization={}, instance={}): {}",
          address,
          action,
          organizationId,
          instanceId,
          why.toString());
    }
  }

  private synchronized boolean isRecordedWithIds(Read call) {
    if (call.equals(call.withoutIds()) || withIds.contains(call)) return true;
    return withIds.size() < settings.maxOperatorEntries() && withIds.add(call);
  }

  private synchronized void count(Failure failure, int times) {
    boolean counted = failures.containsKey(failure) || failures.size() < settings.maxAddresses();
    failures.merge(counted ? failure : new Failure(failure.action(), ""), times, Integer::sum);
  }

  void flushQuietly() {
    quietly(this::flush);
  }

  private void flush() {
    Map<Failure, Integer> counted;
    synchronized (this) {
      counted = failures;
      failures = new HashMap<>();
      withIds.clear();
    }
    try {
      for (var all = counted.entrySet().iterator(); all.hasNext(); all.remove()) {
        var one = all.next();
        rows.append(
            new AuditRow(
                Ids.next(),
                clock.instant(),
                one.getKey().action(),
                "",
                "",
                "",
                one.getKey().address(),
                one.getValue()));
      }
    } finally {
      // Entries that could not be recorded are recorded with those of the next period.
      counted.forEach(this::count);
    }
  }

  private void clean() {
    int deleted =
        rows.deleteOld(
            clock.instant().minus(settings.retention()),
            settings.maxRowsOfOne(),
            settings.maxRows(),
            settings.maxOperatorRows());
    if (deleted > 0) LOG.info("audit: deleted {} old entries", deleted);
  }

  /** Records the counts since the last period. */
  @Override
  public void close() {
    timer.close();
    flushQuietly();
  }
}
