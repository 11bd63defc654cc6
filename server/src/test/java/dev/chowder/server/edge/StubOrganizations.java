package dev.chowder.server.edge;

import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Organization;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.SignUpResponse;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.base.Ids;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.organization.OrganizationRequests;
import io.grpc.stub.StreamObserver;

/** Organizations with ids only, behind the real request rules. */
final class StubOrganizations extends OrganizationServiceGrpc.OrganizationServiceImplBase {
  private final OrganizationRequests requests;

  StubOrganizations(OrganizationRequests requests) {
    this.requests = requests;
  }

  @Override
  public void signUp(SignUpRequest r, StreamObserver<SignUpResponse> out) {
    var organization = Organization.newBuilder().setId(Ids.next()).setName(r.getName()).build();
    out.onNext(SignUpResponse.newBuilder().setOrganization(organization).build());
    out.onCompleted();
  }

  @Override
  public void getOrganization(GetOrganizationRequest r, StreamObserver<Organization> out) {
    answer(out);
  }

  @Override
  public void updateOrganization(UpdateOrganizationRequest r, StreamObserver<Organization> out) {
    requests.change(r);
    answer(out);
  }

  private static void answer(StreamObserver<Organization> out) {
    out.onNext(Organization.newBuilder().setId(Caller.current().organizationId()).build());
    out.onCompleted();
  }
}
