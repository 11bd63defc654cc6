package dev.chowder.operate.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import dev.chowder.api.operator.v1.CreateOrganizationKeyRequest;
import dev.chowder.api.operator.v1.CreateOrganizationKeyResponse;
import dev.chowder.api.operator.v1.CreateOrganizationRequest;
import dev.chowder.api.operator.v1.CreateOrganizationResponse;
import dev.chowder.api.operator.v1.ListOrganizationsRequest;
import dev.chowder.api.operator.v1.ListOrganizationsResponse;
import dev.chowder.api.operator.v1.Organization;
import dev.chowder.api.operator.v1.SetTierRequest;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the first organization with an operator API that keeps its state, and can fail. */
class FirstOrganizationTest {
  @TempDir private Path folder;
  private final OperatorOfTest operator = new OperatorOfTest();
  private Site site;
  private TestSite test;

  @BeforeEach
  void createHome() throws IOException {
    test = TestSite.in(folder, Map.of());
    site = test.site();
    Files.createDirectories(site.home());
  }

  @Test
  void theOrganizationIsCreatedOnceWithItsTierAndKey() throws IOException {
    ensure();
    ensure();
    assertThat(operator.calls)
        .containsExactly(
            "ListOrganizations ", "CreateOrganization my-organization", "SetTier id-0 crab");
    assertThat(site.text("organization-id")).contains("id-0");
    assertThat(site.text("organization.key")).contains("first");
    assertThat(Files.getPosixFilePermissions(site.file("organization.key")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(test.messages())
        .isEqualTo(
            "Created an organization (tier crab, 10 instances); its key is in %s.\n"
                .formatted(site.file("organization.key")));
  }

  @Test
  void aStartThatEndedAfterAnyCallContinuesWithTheSameOrganization() {
    for (var call : List.of("CreateOrganization", "SetTier")) {
      operator.reset();
      for (var file : List.of("organization-id", "organization.key")) site.delete(file);
      operator.endsAfter = call;
      assertThatThrownBy(this::ensure).as(call).hasMessage("ended after " + call);
      assertThat(site.file("organization.key")).doesNotExist();
      operator.endsAfter = "";
      ensure();
      assertThat(operator.organizations)
          .as(call)
          .singleElement()
          .extracting(Organization::getSubscriptionTier)
          .isEqualTo("crab");
      assertThat(site.text("organization-id")).contains("id-0");
      assertThat(site.text("organization.key")).contains("next");
    }
  }

  @Test
  void anOrganizationWhoseKeyFileIsMissingGetsAnotherKey() {
    ensure();
    site.delete("organization.key");
    ensure();
    assertThat(operator.organizations).hasSize(1);
    assertThat(operator.calls).last().isEqualTo("CreateOrganizationKey id-0");
    assertThat(site.text("organization.key")).contains("next");
    assertThat(test.messages())
        .endsWith("Wrote a new key to %s.\n".formatted(site.file("organization.key")));
  }

  @Test
  void anAmbiguousNameIsRejected() {
    var other =
        Organization.newBuilder()
            .setId("other")
            .setName("my-organization")
            .setSubscriptionTier("whale")
            .setStanding("active")
            .build();
    operator.organizations.addAll(List.of(other, other));
    ensure();
    assertThat(site.text("organization-id")).contains("id-2");
    assertThat(site.text("organization.key")).contains("first");
  }

  @Test
  void aNewKeyRequiresAnOrganization() {
    assertThatThrownBy(() -> new FirstOrganization(site, operator).newKey())
        .hasMessage("there is no organization in this installation: run scripts/up first");
    assertThat(operator.calls).isEmpty();
  }

  private void ensure() {
    new FirstOrganization(site, operator).ensure();
  }

  /** Keeps organizations, and can end a start after a call, as a kill would. */
  private static final class OperatorOfTest implements Operator {
    private final List<Organization> organizations = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();
    private String endsAfter = "";

    @Override
    public <T extends Message> T call(Message request, T type) {
      var rpc = request.getDescriptorForType().getName().replace("Request", "");
      Message answer =
          switch (request) {
            case ListOrganizationsRequest _ -> {
              calls.add(rpc + " ");
              yield ListOrganizationsResponse.newBuilder()
                  .addAllOrganizations(organizations)
                  .build();
            }
            case CreateOrganizationRequest create -> {
              calls.add(rpc + " " + create.getName());
              yield create(create.getName());
            }
            case SetTierRequest tier -> {
              calls.add("%s %s %s".formatted(rpc, tier.getOrganizationId(), tier.getTier()));
              yield setTier(tier);
            }
            case CreateOrganizationKeyRequest key -> {
              calls.add(rpc + " " + key.getOrganizationId());
              yield CreateOrganizationKeyResponse.newBuilder().setApiKey("next").build();
            }
            default -> throw new IllegalArgumentException(rpc);
          };
      if (rpc.equals(endsAfter)) throw new IllegalStateException("ended after " + rpc);
      @SuppressWarnings("unchecked") // The answer has the type of the caller.
      var typed = (T) type.getClass().cast(answer);
      return typed;
    }

    private Message create(String name) {
      var created =
          Organization.newBuilder()
              .setId("id-" + organizations.size())
              .setName(name)
              .setSubscriptionTier("shrimp")
              .setStanding("active")
              .build();
      organizations.add(created);
      return CreateOrganizationResponse.newBuilder()
          .setOrganization(created)
          .setApiKey("first")
          .build();
    }

    private Message setTier(SetTierRequest request) {
      organizations.replaceAll(
          one ->
              one.getId().equals(request.getOrganizationId())
                  ? one.toBuilder().setSubscriptionTier(request.getTier()).build()
                  : one);
      return organizations.getFirst();
    }

    private void reset() {
      organizations.clear();
      calls.clear();
    }
  }
}
