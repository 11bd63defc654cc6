package dev.chowder.server.key;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.server.stream.Unary.answer;

import com.google.protobuf.Empty;
import dev.chowder.actor.ProtoTime;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.GetKeyRequest;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.KeyInstance;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.ListKeysRequest;
import dev.chowder.api.v1.ListKeysResponse;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.RevokeKeyRequest;
import dev.chowder.instance.InstanceId;
import dev.chowder.key.Permission;
import dev.chowder.key.ScopedKey;
import dev.chowder.key.ScopedKeys;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.idempotency.Idempotency;
import dev.chowder.server.idempotency.NewId;
import dev.chowder.server.instance.SessionVisibility;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.storage.InstanceRows;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.List;

/** Serves {@code KeyService}, which creates, lists and revokes scoped keys. */
public final class KeyGrpcService extends KeyServiceGrpc.KeyServiceImplBase {
  private final KeyRequests requests;
  private final ScopedKeys keys;
  private final InstanceRows instances;
  private final SessionVisibility sessions;
  private final OrganizationClient client;
  private final RevocationRecorder revocations;
  private final InstantSource clock;

  public KeyGrpcService(
      ScopedKeys keys,
      InstanceRows instances,
      SessionVisibility sessions,
      OrganizationClient client,
      RevocationRecorder revocations,
      InstantSource clock) {
    this.requests = new KeyRequests(clock);
    this.keys = keys;
    this.instances = instances;
    this.sessions = sessions;
    this.client = client;
    this.revocations = revocations;
    this.clock = clock;
  }

  @Override
  public void createKey(CreateKeyRequest request, StreamObserver<Key> out) {
    var caller = Caller.current();
    var organization = caller.organizationId();
    var wanted = requests.creation(request);
    var named = wanted.scope().instanceIds();
    if (instances.countLive(organization, named) < named.size()) throw ApiError.instanceNotFound();
    if (wanted.scope().sessionPrefix().isPresent()) {
      // Before the key exists, so that it is never used while the session tools show everything.
      for (var instanceId : named) sessions.limit(caller, new InstanceId(instanceId));
    }
    var id = NewId.current().value();
    switch (keys.issue(
        organization, caller.keyId(), id, wanted.name(), wanted.scope(), wanted.expiresAt())) {
      case ScopedKeys.Issue.Created(var key, var value) -> {
        var now = clock.instant();
        // Recorded before the caller receives the key, so that the history has every usable key.
        var _ =
            client.send(
                organization,
                replyTo ->
                    new OrganizationCommand.RecordKeyCreated(caller.keyId(), id, now, replyTo));
        answer(out, key(key).setRawKey(value.reveal()).build());
      }
      // An earlier call with the same idempotency key issued it, and its response was lost.
      case ScopedKeys.Issue.Repeated() -> throw Idempotency.alreadyDone(id);
      case ScopedKeys.Issue.CallerEnded() -> throw ApiError.keyEnded();
      case ScopedKeys.Issue.Full(int max) ->
          throw ApiError.of(
              Reason.KEY_LIMIT_REACHED,
              cannot(
                  "create the key",
                  "the organization has " + max + " active keys, its limit",
                  "revoke a key that is no longer used"));
    }
  }

  @Override
  public void listKeys(ListKeysRequest request, StreamObserver<ListKeysResponse> out) {
    var wanted = KeyRequests.listing(request);
    // One key more than requested shows whether there is another page.
    var page = keys.list(Caller.current().organizationId(), wanted.pageSize() + 1, wanted.after());
    var response = ListKeysResponse.newBuilder();
    page.stream().limit(wanted.pageSize()).forEach(key -> response.addKeys(key(key)));
    if (page.size() > wanted.pageSize()) {
      response.setNextPageToken(page.get(wanted.pageSize() - 1).id());
    }
    answer(out, response.build());
  }

  @Override
  public void getKey(GetKeyRequest request, StreamObserver<Key> out) {
    var id = KeyRequests.keyId(request.getKeyId());
    var key = keys.get(Caller.current().organizationId(), id).orElseThrow(KeyRequests::notFound);
    answer(out, key(key).build());
  }

  @Override
  public void revokeKey(RevokeKeyRequest request, StreamObserver<Empty> out) {
    var id = KeyRequests.keyId(request.getKeyId());
    var caller = Caller.current();
    if (!keys.revoke(caller.organizationId(), id, caller.keyId())) throw KeyRequests.notFound();
    revocations.record(List.of(id));
    answer(out, Empty.getDefaultInstance());
  }

  private static Key.Builder key(ScopedKey key) {
    var message =
        Key.newBuilder()
            .setId(key.id())
            .setOrganizationId(key.organizationId())
            .setName(key.name())
            .setKeyPrefix(key.prefix())
            .setIsActive(key.active())
            .setCreatedAt(ProtoTime.stamp(key.createdAt()));
    key.expiresAt().map(ProtoTime::stamp).ifPresent(message::setExpiresAt);
    key.lastUsedAt().map(ProtoTime::stamp).ifPresent(message::setLastUsedAt);
    key.scope().sessionPrefix().ifPresent(message::setSessionPrefix);
    var permissions =
        key.scope().permissions().stream()
            .sorted()
            .map(Permission::label)
            .map(Key.Permission::valueOf)
            .toList();
    key.scope().instanceIds().stream()
        .sorted()
        .map(id -> KeyInstance.newBuilder().setInstanceId(id).addAllPermissions(permissions))
        .forEach(message::addInstances);
    return message;
  }
}
