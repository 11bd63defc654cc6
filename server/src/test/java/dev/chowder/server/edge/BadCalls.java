package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.BILLING_NOT_CONFIGURED;
import static dev.chowder.api.v1.Reason.INSTANCE_LIMIT_REACHED;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.KEY_INVALID;
import static dev.chowder.api.v1.Reason.MODEL_PROVIDER_NOT_CONFIGURED;
import static dev.chowder.api.v1.Reason.PATH_NOT_FOUND;
import static dev.chowder.api.v1.Reason.TOO_LARGE;
import static dev.chowder.api.v1.Reason.WRONG_STATE;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateCheckoutRequest;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateResponseRequest;
import dev.chowder.api.v1.CreateSessionResponseRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Bad gRPC calls: the rows of {@link BadInput} that gRPC can express, and those that only gRPC can.
 */
final class BadCalls {
  private static final String INSTANCES = "chowder.v1.InstanceService/";

  private BadCalls() {}

  /**
   * A call and its documented result.
   *
   * @param authorization the header, with names in braces; empty if there is none
   */
  record BadCall(
      String what,
      String method,
      Function<World, byte[]> request,
      String authorization,
      Reason reason) {
    BadCall authorization(String other) {
      return new BadCall(what, method, request, other, reason);
    }
  }

  static List<BadCall> rows() {
    var rows = new ArrayList<BadCall>();
    fields(rows);
    instances(rows);
    callers(rows);
    for (var tier : List.of("", "whale", "CRAB")) {
      rows.add(
          row(
              "a checkout of «" + tier + "»",
              "chowder.v1.SubscriptionService/CreateCheckout",
              _ -> CreateCheckoutRequest.newBuilder().setTier(tier).build(),
              INVALID_FIELD));
    }
    rows.add(
        bytes(
            "a portal where nothing is sold",
            "chowder.v1.SubscriptionService/CreatePortal",
            new byte[0],
            BILLING_NOT_CONFIGURED));
    rows.add(
        bytes(
                "an event where nothing is sold",
                "chowder.v1.SubscriptionService/ReceiveStripeEvent",
                new byte[0],
                BILLING_NOT_CONFIGURED)
            .authorization(""));
    rows.add(bytes("no such method", INSTANCES + "Nope", new byte[0], PATH_NOT_FOUND));
    rows.add(bytes("no such service", "chowder.v1.NoService/Get", new byte[0], PATH_NOT_FOUND));
    rows.add(
        bytes(
            "another version",
            "chowder.v2.InstanceService/GetInstance",
            new byte[0],
            PATH_NOT_FOUND));
    rows.add(
        bytes(
            "an invalid protobuf",
            INSTANCES + "GetInstance",
            new byte[] {(byte) 0xff, 1},
            INVALID_FIELD));
    rows.add(
        bytes(
            "a field that is cut off",
            INSTANCES + "GetInstance",
            new byte[] {0x0a, 50, 'x'},
            INVALID_FIELD));
    rows.add(
        bytes(
            "text that is not UTF-8",
            INSTANCES + "CreateInstance",
            new byte[] {0x0a, 2, (byte) 0xc3, 0x28},
            INVALID_FIELD));
    rows.add(create("a message of 5 MB", named("x".repeat(5_000_000)), TOO_LARGE));
    return rows;
  }

  private static void fields(List<BadCall> rows) {
    rows.add(create("no name", CreateInstanceRequest.newBuilder(), INVALID_FIELD));
    rows.add(create("a blank name", named("  "), INVALID_FIELD));
    rows.add(create("a name of 129 characters", named("x".repeat(129)), INVALID_FIELD));
    rows.add(create("a name with a control character", named("a\u0000"), INVALID_FIELD));
    rows.add(create("an unknown provider", named("x").setModelProvider("acme"), INVALID_FIELD));
    rows.add(create("a bad label", named("x").putLabels("a b", "c"), INVALID_FIELD));
    rows.add(
        create(
            "an override of a path of Chowder",
            named("x").setOpenclawConfig(config("gateway.port")),
            INVALID_FIELD));
    rows.add(create("an invalid number", named("x").setOpenclawConfig(nan()), INVALID_FIELD));
    rows.add(create("overrides 150 deep", named("x").setOpenclawConfig(deep(150)), INVALID_FIELD));
    rows.add(create("overrides 400 deep", named("x").setOpenclawConfig(deep(400)), INVALID_FIELD));
    rows.add(
        create(
            "a provider that is not configured",
            named("x").setModelProvider("openai"),
            MODEL_PROVIDER_NOT_CONFIGURED));
    rows.add(
        create("one instance more than the tier allows", named("x"), INSTANCE_LIMIT_REACHED)
            .authorization("Bearer {full_key}"));
    rows.add(
        row(
            "sign-up: a blank name",
            "chowder.v1.OrganizationService/SignUp",
            _ -> SignUpRequest.newBuilder().setName(" ").build(),
            INVALID_FIELD));
    list(rows, "a page size of zero", ListInstancesRequest.newBuilder().setPageSize(0));
    list(rows, "a page that is too large", ListInstancesRequest.newBuilder().setPageSize(501));
    list(rows, "an invalid page token", ListInstancesRequest.newBuilder().setPageToken("x"));
    list(rows, "an unknown status", ListInstancesRequest.newBuilder().setStatusValue(99));
    list(rows, "a label without a value", ListInstancesRequest.newBuilder().setLabel("x"));
  }

  private static void instances(List<BadCall> rows) {
    for (var id :
        List.of(
            "",
            "nope",
            "{foreign}",
            "{deleted}",
            "../{running}",
            "{running}\u0000",
            "{running} ")) {
      rows.add(
          row(
              "the id «" + id + "»",
              INSTANCES + "GetInstance",
              w -> get(w, id),
              INSTANCE_NOT_FOUND));
    }
    for (var method :
        List.of(
            "GetInstanceStatus",
            "DeleteInstance",
            "StartInstance",
            "StopInstance",
            "RestartInstance",
            "RecoverInstance",
            "UpdateInstance",
            "WatchInstance",
            "TailLogs",
            "GetGatewayAccess")) {
      // All of them have the id in their first field.
      rows.add(
          row(
              "another organization's: " + method,
              INSTANCES + method,
              w -> get(w, "{foreign}"),
              INSTANCE_NOT_FOUND));
    }
    rows.add(
        row(
            "a wait that is too long",
            INSTANCES + "StopInstance",
            w ->
                StopInstanceRequest.newBuilder()
                    .setInstanceId(w.get("running"))
                    .setWait(301)
                    .build(),
            INVALID_FIELD));
    rows.add(
        row(
            "a revision before the first",
            INSTANCES + "WatchInstance",
            w ->
                WatchInstanceRequest.newBuilder()
                    .setInstanceId(w.get("running"))
                    .setAfterRevision(-1)
                    .build(),
            INVALID_FIELD));
    rows.add(
        row(
            "too many log lines",
            INSTANCES + "TailLogs",
            w ->
                TailLogsRequest.newBuilder().setInstanceId(w.get("running")).setLines(5001).build(),
            INVALID_FIELD));
    rows.add(
        row(
                "a stop during provisioning",
                INSTANCES + "StopInstance",
                w -> get(w, "{provisioning}"),
                WRONG_STATE)
            .authorization("Bearer {slow_key}"));
    rows.add(
        row(
            "a message that is not JSON",
            INSTANCES + "CreateResponse",
            w -> message(w, "running", "{"),
            INVALID_FIELD));
    rows.add(
        row(
            "a message to a stopped instance",
            INSTANCES + "CreateResponse",
            w -> message(w, "stopped", "{}"),
            WRONG_STATE));
    rows.add(
        row(
            "a session's id with a line break",
            INSTANCES + "CreateSessionResponse",
            w ->
                CreateSessionResponseRequest.newBuilder()
                    .setInstanceId(w.get("running"))
                    .setSessionId("a\nb")
                    .build(),
            INVALID_FIELD));
  }

  private static void callers(List<BadCall> rows) {
    for (var value :
        List.of(
            "",
            "Bearer",
            "{key}",
            "Basic {key}",
            "Bearer {key}x",
            "Bearer {revoked_key}",
            "Bearer chd_org_" + "0".repeat(64))) {
      rows.add(
          row(
                  "the key «" + value + "»",
                  INSTANCES + "ListInstances",
                  _ -> ListInstancesRequest.getDefaultInstance(),
                  KEY_INVALID)
              .authorization(value));
    }
    rows.add(
        row(
                "a watch without a key",
                INSTANCES + "WatchInstance",
                w -> get(w, "{running}"),
                KEY_INVALID)
            .authorization(""));
    rows.add(create("a creation without a key", named("x"), KEY_INVALID).authorization(""));
  }

  private static void list(List<BadCall> rows, String what, ListInstancesRequest.Builder request) {
    rows.add(row(what, INSTANCES + "ListInstances", _ -> request.build(), INVALID_FIELD));
  }

  private static BadCall create(String what, CreateInstanceRequest.Builder request, Reason reason) {
    return row(what, INSTANCES + "CreateInstance", _ -> request.build(), reason);
  }

  private static BadCall row(
      String what, String method, Function<World, MessageLite> request, Reason reason) {
    return new BadCall(
        what, method, world -> request.apply(world).toByteArray(), "Bearer {key}", reason);
  }

  private static BadCall bytes(String what, String method, byte[] request, Reason reason) {
    return new BadCall(what, method, _ -> request, "Bearer {key}", reason);
  }

  private static CreateInstanceRequest.Builder named(String name) {
    return CreateInstanceRequest.newBuilder().setName(name).setModelProvider("custom");
  }

  private static GetInstanceRequest get(World world, String id) {
    return GetInstanceRequest.newBuilder().setInstanceId(world.fill(id)).build();
  }

  private static CreateResponseRequest message(World world, String instance, String json) {
    return CreateResponseRequest.newBuilder()
        .setInstanceId(world.get(instance))
        .setBody(HttpBody.newBuilder().setData(ByteString.copyFromUtf8(json)))
        .build();
  }

  private static Struct config(String key) {
    return Struct.newBuilder().putFields(key, Value.newBuilder().setNumberValue(1).build()).build();
  }

  private static Struct nan() {
    return Struct.newBuilder()
        .putFields("a", Value.newBuilder().setNumberValue(Double.NaN).build())
        .build();
  }

  private static Struct deep(int levels) {
    var struct = config("a");
    for (int n = 0; n < levels; n++) {
      struct =
          Struct.newBuilder()
              .putFields("a", Value.newBuilder().setStructValue(struct).build())
              .build();
    }
    return struct;
  }
}
