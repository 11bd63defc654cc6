package dev.chowder.server.organization;

import static dev.chowder.server.stream.Unary.answer;

import dev.chowder.actor.ProtoTime;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Organization;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.RotateApiKeyRequest;
import dev.chowder.api.v1.RotateApiKeyResponse;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.SignUpResponse;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.base.Ids;
import dev.chowder.key.ApiKeys;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.EventBytes;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.idempotency.Idempotency;
import dev.chowder.server.idempotency.NewId;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;

/** Serves {@code OrganizationService}: sign-up, settings and keys of an organization. */
public final class OrganizationGrpcService
    extends OrganizationServiceGrpc.OrganizationServiceImplBase {
  private final OrganizationRequests requests;
  private final OrganizationClient client;
  private final ApiKeys keys;
  private final SecretStore secrets;
  private final SignUps signUps;
  private final InstantSource clock;
  private final EventBytes eventBytes;

  public OrganizationGrpcService(
      OrganizationRequests requests,
      OrganizationClient client,
      ApiKeys keys,
      SecretStore secrets,
      SignUps signUps,
      InstantSource clock,
      EventBytes eventBytes) {
    this.requests = requests;
    this.client = client;
    this.keys = keys;
    this.secrets = secrets;
    this.signUps = signUps;
    this.clock = clock;
    this.eventBytes = eventBytes;
  }

  @Override
  public void signUp(SignUpRequest request, StreamObserver<SignUpResponse> out) {
    signUps.checkCaller();
    var created = signUps.signUp(request.getName());
    answer(
        out,
        SignUpResponse.newBuilder()
            .setOrganization(OrganizationPresenter.organization(created.organization()))
            .setApiKey(created.key().reveal())
            .build());
  }

  @Override
  public void getOrganization(GetOrganizationRequest request, StreamObserver<Organization> out) {
    var view = client.send(Caller.current().organizationId(), OrganizationCommand.Get::new);
    answer(out, OrganizationPresenter.organization(view));
  }

  @Override
  public void updateOrganization(
      UpdateOrganizationRequest request, StreamObserver<Organization> out) {
    var caller = Caller.current();
    var change = requests.change(request);
    eventBytes.charge(caller.organizationId(), request.getSerializedSize());
    var before = client.send(caller.organizationId(), OrganizationCommand.Get::new).keys();
    Map<ModelProvider, String> set = new EnumMap<>(ModelProvider.class);
    var removed = EnumSet.noneOf(ModelProvider.class);
    change
        .modelKeys()
        .forEach(
            (provider, key) ->
                key.ifPresentOrElse(
                    k -> {
                      // Before the command, so that a key that the organization accepts is always
                      // stored. A rejected one is deleted later by UnreferencedValues, since a
                      // resent command may still be accepted.
                      var version = Ids.next();
                      secrets.put(caller.organizationId(), provider.secretName(version), k);
                      set.put(provider, version);
                    },
                    () -> removed.add(provider)));
    var endpoints = change.modelEndpoints();
    var now = clock.instant();
    var view =
        client.send(
            caller.organizationId(),
            replyTo ->
                new OrganizationCommand.Update(
                    caller.keyId(), change.name(), set, removed, endpoints, now, replyTo));
    deleteReplaced(caller.organizationId(), before, view.keys());
    answer(out, OrganizationPresenter.organization(view));
  }

  private void deleteReplaced(
      String organizationId, Map<ModelProvider, String> before, Map<ModelProvider, String> after) {
    before.forEach(
        (provider, version) -> {
          if (!version.equals(after.get(provider))) {
            secrets.delete(organizationId, provider.secretName(version));
          }
        });
  }

  @Override
  public void rotateApiKey(RotateApiKeyRequest request, StreamObserver<RotateApiKeyResponse> out) {
    var caller = Caller.current();
    var ends = clock.instant().plus(OrganizationRequests.grace(request));
    var id = NewId.current().value();
    var issued =
        switch (keys.rotate(caller.organizationId(), id, caller.keyId(), ends)) {
          case ApiKeys.Rotation.Created(var key) -> key;
          // An earlier call with the same idempotency key rotated it, and its response was lost.
          case ApiKeys.Rotation.Repeated() -> throw Idempotency.alreadyDone(id);
          case ApiKeys.Rotation.CallerEnded() -> throw ApiError.keyEnded();
        };
    var now = clock.instant();
    var _ =
        client.send(
            caller.organizationId(),
            replyTo -> new OrganizationCommand.RecordKeyCreated(caller.keyId(), id, now, replyTo));
    answer(
        out,
        RotateApiKeyResponse.newBuilder()
            .setKeyId(issued.keyId())
            .setApiKey(issued.value().reveal())
            .setOldKeyExpiresAt(ProtoTime.stamp(ends))
            .build());
  }
}
