package dev.chowder.organization;

import static dev.chowder.organization.Samples.INSTANCE_ID;
import static dev.chowder.organization.Samples.T0;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.actor.TestActors;
import dev.chowder.storage.OrganizationRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class OrganizationWireTest {
  private static final ActorTestKit KIT = ActorTestKit.create(TestActors.CONFIG);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void everyTypeOfMessageSurvivesSerialization() {
    List<OrganizationRejection> rejections =
        List.of(
            new OrganizationRejection.NotFound(),
            new OrganizationRejection.AlreadyExists(),
            new OrganizationRejection.Invalid("f", "why"),
            new OrganizationRejection.ProviderNotConfigured(ModelProvider.GEMINI),
            new OrganizationRejection.LimitReached(10, 10),
            new OrganizationRejection.Suspended(),
            new OrganizationRejection.UpgradeUnderWay(),
            new OrganizationRejection.AnotherCustomer());
    List<EndpointChange> changes =
        List.of(
            new EndpointChange.Remove(),
            new EndpointChange.Merge(Optional.of("http://h"), Optional.of(""), Optional.empty()));
    List<Object> messages = messages(KIT.<OrganizationReply>createTestProbe().ref(), changes);
    rejections.forEach(why -> messages.add(new OrganizationReply.Refused(why)));
    for (Object message : messages) {
      KIT.serializationTestKit().verifySerialization(message, true);
    }
    assertThat(types(messages.stream()))
        .containsAll(
            subclasses(
                OrganizationCommand.Request.class,
                OrganizationCommand.SlotChange.class,
                OrganizationReply.class));
    assertThat(types(rejections.stream())).containsAll(subclasses(OrganizationRejection.class));
    assertThat(types(changes.stream())).containsAll(subclasses(EndpointChange.class));
  }

  @Test
  void aViewIsReadBackFromItsRow() {
    OrganizationView view = Samples.view(Samples.active());
    assertThat(OrganizationReadRows.view(OrganizationReadRows.row(view))).isEqualTo(view);
  }

  @Test
  void aRowOfAVersionWithoutSubscriptionsIsRead() {
    OrganizationRow now = OrganizationReadRows.row(Samples.view(Samples.active()));
    String before =
        now.view().toStringUtf8().replace(",\"customerId\":\"\",\"subscriptionId\":\"\"", "");
    assertThat(before).doesNotContain("customerId", "subscriptionId");
    assertThat(
            OrganizationReadRows.view(
                new OrganizationRow(
                    now.id(),
                    now.revision(),
                    now.name(),
                    now.tier(),
                    now.standing(),
                    now.slots(),
                    ByteString.copyFromUtf8(before))))
        .isEqualTo(Samples.view(Samples.active()));
  }

  private static List<Object> messages(
      ActorRef<OrganizationReply> ref, List<EndpointChange> changes) {
    List<Object> messages =
        new ArrayList<>(
            List.of(
                new OrganizationCommand.SignUp("acme", "request", T0, ref),
                new OrganizationCommand.Get(ref),
                new OrganizationCommand.RecordKeyCreated("key", "made", T0, ref),
                new OrganizationCommand.RecordKeyRevoked("key", "revoked", T0, ref),
                new OrganizationCommand.Suspend(T0, ref),
                new OrganizationCommand.Resume(T0, ref),
                new OrganizationCommand.Delete("acme", T0, ref),
                new OrganizationCommand.FinishDeletion("sub_9", T0, ref),
                new OrganizationCommand.SetTier(Tier.LOBSTER, T0, ref),
                new OrganizationCommand.LinkCustomer("key", "cus_1", Optional.of("cus_0"), T0, ref),
                new OrganizationCommand.ApplySubscription(
                    new SubscriptionFact(
                        "evt_1",
                        T0,
                        "cus_1",
                        "sub_1",
                        SubscriptionFact.Kind.STARTED,
                        Optional.of(Tier.CRAB)),
                    T0,
                    ref),
                new OrganizationCommand.ReserveSlot(
                    "key", INSTANCE_ID, ModelProvider.OPENAI, T0, ref),
                new OrganizationCommand.ReleaseSlot(INSTANCE_ID, T0, ref),
                new OrganizationCommand.GetSlots(ref),
                new OrganizationCommand.DecideSlots(),
                new OrganizationCommand.RefreshRow(ref),
                new OrganizationReply.Accepted(Samples.view(Samples.active())),
                new OrganizationReply.Slots(Map.of(INSTANCE_ID, T0))));
    for (EndpointChange change : changes) {
      messages.add(
          new OrganizationCommand.Update(
              "key",
              Optional.of("n"),
              Map.of(ModelProvider.OPENAI, "v1"),
              Set.of(ModelProvider.GEMINI),
              Map.of(ModelProvider.CUSTOM, change),
              T0,
              ref));
    }
    return messages;
  }

  private static Set<Class<?>> types(Stream<?> objects) {
    return objects.map(Object::getClass).collect(Collectors.toSet());
  }

  private static List<Class<?>> subclasses(Class<?>... sealed) {
    return Stream.of(sealed)
        .flatMap(type -> Arrays.stream(type.getPermittedSubclasses()))
        .filter(type -> !type.isInterface())
        .<Class<?>>map(type -> type)
        .toList();
  }
}
