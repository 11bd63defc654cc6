package dev.chowder.server.error;

import static org.assertj.core.api.Assertions.assertThat;

import build.buf.validate.ValidateProto;
import dev.chowder.actor.NoReplyException;
import dev.chowder.admission.RejectedException;
import dev.chowder.admission.Rejection;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.Labels;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationRejection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RejectionErrorsTest {
  private static final Map<Rejection, Reason> REASONS =
      Map.of(
          new Rejection.ByOrganization(new OrganizationRejection.LimitReached(3, 3)),
          Reason.INSTANCE_LIMIT_REACHED,
          new Rejection.ByOrganization(
              new OrganizationRejection.ProviderNotConfigured(ModelProvider.OPENAI)),
          Reason.MODEL_PROVIDER_NOT_CONFIGURED,
          new Rejection.ByOrganization(new OrganizationRejection.Suspended()),
          Reason.ORGANIZATION_SUSPENDED,
          new Rejection.ByInstance(new InstanceRejection.UpgradeUnderWay()),
          Reason.SERVER_UNAVAILABLE,
          new Rejection.ProviderNotNamed(List.of()),
          Reason.MODEL_PROVIDER_NOT_CONFIGURED,
          new Rejection.NoMemory(1 << 30, 2 << 20),
          Reason.NO_CAPACITY,
          new Rejection.NoDisk(2 << 20, 1 << 30),
          Reason.NO_CAPACITY,
          new Rejection.NoEngine(),
          Reason.NO_CAPACITY,
          new Rejection.TooMuchWork(9, 8),
          Reason.NO_CAPACITY,
          new Rejection.Overtaken(),
          Reason.IN_PROGRESS);

  @Test
  void eachKindOfRejectionHasItsReason() {
    assertThat(REASONS.keySet().stream().<Object>map(Object::getClass).distinct())
        .containsExactlyInAnyOrder((Object[]) Rejection.class.getPermittedSubclasses());
    assertThat(REASONS)
        .allSatisfy(
            (rejection, reason) ->
                assertThat(error(new RejectedException(rejection)).reason()).isEqualTo(reason));
  }

  @Test
  void aCreateMustNameOneOfSeveralProviders() {
    var several =
        new Rejection.ProviderNotNamed(List.of(ModelProvider.OPENAI, ModelProvider.CUSTOM));
    var error = error(new RejectedException(several));
    assertThat(error.reason()).isEqualTo(Reason.INVALID_FIELD);
    assertThat(error).hasMessageContaining("model_provider: must be one of openai, custom");
  }

  @Test
  void aCallerMayRepeatACallThatTheHostRejected() {
    assertThat(retryAfter(new Rejection.NoMemory(0, 1))).isEqualTo("30");
    assertThat(retryAfter(new Rejection.NoEngine())).isEqualTo("30");
    assertThat(retryAfter(new Rejection.TooMuchWork(1, 1))).isEqualTo("10");
  }

  private static @Nullable String retryAfter(Rejection why) {
    return error(new RejectedException(why)).restHeaders().get("retry-after");
  }

  @Test
  void aRejectionThatNoCallExpectsIsAnUnexpectedException() {
    for (var why :
        List.of(
            new Rejection.ByOrganization(new OrganizationRejection.AnotherCustomer()),
            new Rejection.ByInstance(new InstanceRejection.AlreadyExists()),
            new Rejection.ByInstance(new InstanceRejection.Superseded()))) {
      assertThat(ApiError.in(new RejectedException(why))).isNull();
    }
  }

  @Test
  void tooManyLabelsAfterAMergeAreAnInvalidFieldThatNamesTheLimitOfTheProtocol() {
    var rules =
        UpdateInstanceRequest.getDescriptor()
            .findFieldByName("labels")
            .getOptions()
            .getExtension(ValidateProto.field);
    assertThat(rules.getMap().getMaxPairs()).isEqualTo(Labels.MAX);
    var error = RejectionErrors.of(new InstanceRejection.TooManyLabels(65, Labels.MAX));
    assertThat(error.reason()).isEqualTo(Reason.INVALID_FIELD);
    assertThat(error.message())
        .isEqualTo("labels: must leave the instance at most 64 labels; got 65");
  }

  @Test
  void aMissingReplyIsATimeoutOrACancelledCall() {
    assertThat(error(new NoReplyException("the instance", NoReplyException.Cause.TIMED_OUT)))
        .extracting(ApiError::reason)
        .isEqualTo(Reason.NO_ANSWER_IN_TIME);
    assertThat(error(new NoReplyException("the instance", NoReplyException.Cause.INTERRUPTED)))
        .extracting(ApiError::reason)
        .isEqualTo(Reason.CANCELLED);
  }

  private static ApiError error(RuntimeException thrown) {
    return Objects.requireNonNull(ApiError.in(thrown));
  }
}
