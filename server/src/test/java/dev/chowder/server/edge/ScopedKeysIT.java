package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors;
import com.google.protobuf.DynamicMessage;
import dev.chowder.api.v1.ChannelServiceProto;
import dev.chowder.api.v1.FileServiceProto;
import dev.chowder.api.v1.InstanceServiceProto;
import dev.chowder.api.v1.KeyServiceProto;
import dev.chowder.api.v1.OrganizationServiceProto;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.SkillServiceProto;
import dev.chowder.api.v1.SubscriptionServiceProto;
import dev.chowder.base.Await;
import dev.chowder.server.auth.AuthInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests keys that allow some operations on some instances, over REST and gRPC. */
class ScopedKeysIT {
  private static final int MAX = 12;

  /** The documented limit is 1 s; a busy test machine gets more. */
  private static final Duration BUSY = Duration.ofSeconds(10);

  private static final String ANYBODY = "anybody";
  private static final String ORGANIZATION = "organization";

  /**
   * Copied from the documentation, not from the protocol's annotations; the two must agree. All
   * other calls need an organization key.
   */
  private static final Map<String, String> NEEDED =
      Map.ofEntries(
          Map.entry("SignUp", ANYBODY),
          Map.entry("ReceiveStripeEvent", ANYBODY),
          Map.entry("GetInstance", "read"),
          Map.entry("GetInstanceStatus", "read"),
          Map.entry("UpdateInstance", "configure"),
          Map.entry("WatchInstance", "read"),
          Map.entry("ListInstanceEvents", "read"),
          Map.entry("TailLogs", "configure"),
          Map.entry("CreateResponse", "interact"),
          Map.entry("CreateSessionResponse", "interact"),
          Map.entry("ListSessions", "interact"),
          Map.entry("GetSession", "interact"),
          Map.entry("DeleteSession", "interact"),
          Map.entry("ListFiles", "files"),
          Map.entry("GetFileContent", "files"),
          Map.entry("PutFileContent", "files"),
          Map.entry("UploadFile", "files"),
          Map.entry("DownloadFile", "files"),
          Map.entry("ExportFiles", "files"),
          Map.entry("ImportFiles", "files"),
          Map.entry("MoveFile", "files"),
          Map.entry("DeleteFile", "files"),
          Map.entry("MakeFolder", "files"),
          Map.entry("ListSkills", "configure"),
          Map.entry("GetSkill", "configure"),
          Map.entry("InstallSkill", "configure"),
          Map.entry("UpdateSkill", "configure"),
          Map.entry("DeleteSkill", "configure"),
          Map.entry("ListChannels", "channels"),
          Map.entry("GetChannel", "channels"),
          Map.entry("ConnectChannel", "channels"),
          Map.entry("DisconnectChannel", "channels"),
          Map.entry("GetChannelStatus", "channels"),
          Map.entry("ListPairings", "channels"),
          Map.entry("PairChannel", "channels"));

  /** Resources that a request names besides its instance, which are checked first. */
  private static final Map<String, String> NAMED =
      Map.of(
          "session_id", "s",
          "path", "s",
          "source", "s",
          "destination", "s",
          "channel", "nostr",
          "code", "CODE0000",
          "skill_name", "s",
          "slug", "s");

  private static final List<String> PERMISSIONS =
      List.of("read", "interact", "configure", "files", "channels");

  private static final HttpBody MESSAGE =
      HttpBody.newBuilder()
          .setContentType("application/json")
          .setData(ByteString.copyFromUtf8("{\"input\":\"x\"}"))
          .build();

  private static final String ALL = "[\"read\",\"interact\",\"configure\",\"files\",\"channels\"]";

  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @BeforeAll
  static void allowFewKeysAndManyWatches() throws Exception {
    SERVER.restart(
        Map.of("chowder.key.max-per-organization", MAX, "chowder.instance.max-watchers", 10));
  }

  @Test
  void aKeyIsShownOnceListedUsedAndRevoked() throws IOException {
    SERVER.signUp("owner", "ok");
    var instance = create("owner");
    var made =
        SERVER.call(
            "owner",
            WholeServer.post("/v1/keys")
                .json(
                    "{\"name\":\"front end\",\"instance_ids\":[\""
                        + instance
                        + "\"],\"permissions\":[\"interact\",\"read\",\"read\"],"
                        + "\"expires_at\":\"2100-01-01T00:00:00Z\",\"session_prefix\":\"u7.\"}"));
    assertThat(made.status()).as(made.body()).isEqualTo(201);
    var key = made.json();
    var path = "/v1/keys/" + key.get("id").asText();
    assertThat(made.header("location")).contains(path);
    assertThat(key.get("raw_key").asText()).matches("chd_sk_[A-Za-z0-9_-]{43}");
    assertThat(key.get("key_prefix").asText())
        .isEqualTo(key.get("raw_key").asText().substring(0, 11));
    SERVER.world().put("made_key", key.get("raw_key").asText());

    var shown = get("owner", path);
    assertThat(shown.toString()).doesNotContain(key.get("raw_key").asText());
    assertThat(shown.get("name").asText()).isEqualTo("front end");
    assertThat(shown.get("is_active").asBoolean()).isTrue();
    assertThat(shown.get("expires_at").asText()).isEqualTo("2100-01-01T00:00:00Z");
    assertThat(shown.get("session_prefix").asText()).isEqualTo("u7.");
    assertThat(shown.has("last_used_at")).isFalse();
    assertThat(shown.get("instances").toString())
        .isEqualTo(
            "[{\"instance_id\":\"" + instance + "\",\"permissions\":[\"read\",\"interact\"]}]");
    assertThat(get("owner", "/v1/keys").get("keys")).containsExactly(shown);

    assertThat(get("made_key", "/v1/instances/" + instance).get("id").asText()).isEqualTo(instance);
    assertThat(Instant.parse(get("owner", path).get("last_used_at").asText()))
        .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(1));

    RestErrors.check(
        SERVER.call("other_key", request("DELETE", path)), 404, 5, Reason.KEY_NOT_FOUND.name());
    assertThat(SERVER.call("owner", request("DELETE", path)).status()).isEqualTo(204);
    RestErrors.check(
        SERVER.call("made_key", request("GET", "/v1/instances/" + instance)),
        401,
        16,
        Reason.KEY_INVALID.name());
    assertThat(get("owner", path).get("is_active").asBoolean()).isFalse();
    assertThat(SERVER.call("owner", request("DELETE", path)).status()).isEqualTo(204);
  }

  @Test
  void aListIsReadPageByPage() throws IOException {
    SERVER.signUp("lister", "ok");
    var scope = "{\"instance_ids\":[\"" + create("lister") + "\"],\"permissions\":[\"files\"]}";
    var made = new ArrayList<String>();
    for (int n = 0; n < 5; n++)
      made.addFirst(SERVER.issue("listed_" + "abcde".charAt(n), "lister", scope));
    var seen = new ArrayList<String>();
    var token = "";
    do {
      var page = get("lister", "/v1/keys?page_size=2&page_token=" + token);
      page.get("keys").forEach(key -> seen.add(key.get("id").asText()));
      token = page.path("next_page_token").asText();
    } while (!token.isEmpty());
    assertThat(seen).isEqualTo(made);
  }

  @Test
  void activeKeysOfAnOrganizationAreLimited() throws IOException {
    SERVER.signUp("collector", "ok");
    var scope = "{\"instance_ids\":[\"" + create("collector") + "\"],\"permissions\":[\"read\"]}";
    var last = "";
    for (int n = 0; n < MAX; n++) last = SERVER.issue("collected", "collector", scope);
    var oneMore =
        SERVER.call(
            "collector",
            WholeServer.post("/v1/keys").json(scope.replaceFirst("\\{", "{\"name\":\"x\",")));
    RestErrors.check(oneMore, 409, 9, Reason.KEY_LIMIT_REACHED.name());
    assertThat(SERVER.call("collector", request("DELETE", "/v1/keys/" + last)).status())
        .isEqualTo(204);
    SERVER.issue("collected", "collector", scope);
  }

  @Test
  void aKeyWithAPrefixSendsMessagesOnlyInItsSessions() throws IOException {
    SERVER.issue(
        "prefixed",
        "key",
        "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"interact\"],\"session_prefix\":\"u7.\"}");
    for (var session : List.of("session/u8.a/", "session/U7.a/", "session/u7/", "")) {
      RestErrors.check(send("prefixed", session), 403, 7, Reason.KEY_LACKS_PERMISSION.name());
    }
    // The key is accepted, and the message is rejected.
    RestErrors.check(send("prefixed", "session/u7.a/"), 400, 3, Reason.INVALID_FIELD.name());
  }

  @Test
  void aKeyWithAPrefixSeesNoOtherSession() throws IOException {
    SERVER.issue(
        "reader_of_u9",
        "key",
        "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"interact\"],\"session_prefix\":\"u9.\"}");
    for (var session : List.of("u9.a", "u9.b", "u8.a")) {
      var said =
          SERVER.call(
              "key", WholeServer.post(session(session, "/responses")).json("{\"input\":\"x\"}"));
      assertThat(said.status()).as(said.body()).isEqualTo(200);
    }
    var sessions = SERVER.world().fill("/v1/instances/{running}/sessions");
    assertThat(ids(get("reader_of_u9", sessions))).containsExactly("u9.b", "u9.a");
    assertThat(ids(get("key", sessions))).contains("u9.a", "u9.b", "u8.a");
    assertThat(get("reader_of_u9", sessions + "/u9.a").get("messages")).hasSize(2);
    for (var method : List.of("GET", "DELETE")) {
      RestErrors.check(
          SERVER.call("reader_of_u9", request(method, sessions + "/u8.a")),
          404,
          5,
          Reason.SESSION_NOT_FOUND.name());
    }
    assertThat(get("key", sessions + "/u8.a").get("messages")).hasSize(2);
    assertThat(SERVER.call("reader_of_u9", request("DELETE", sessions + "/u9.a")).status())
        .isEqualTo(204);
    assertThat(ids(get("reader_of_u9", sessions))).containsExactly("u9.b");
  }

  private static String session(String id, String tail) {
    return SERVER.world().fill("/v1/instances/{running}/session/") + id + tail;
  }

  private static List<String> ids(JsonNode listed) {
    return StreamSupport.stream(listed.get("sessions").spliterator(), false)
        .map(session -> session.get("id").asText())
        .toList();
  }

  @Test
  void aRevocationEndsTheStreamsOfAKey() throws IOException {
    var id =
        SERVER.issue(
            "watcher", "key", "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"read\"]}");
    var watch =
        request("GET", SERVER.world().fill("/v1/instances/{running}/watch"))
            .with("Authorization", "Bearer " + SERVER.world().get("watcher"));
    try (var stream = RawHttp.open(SERVER.rest(), watch)) {
      assertThat(stream.head().status()).isEqualTo(200);
      assertThat(stream.chunk()).isNotEmpty();
      long since = System.nanoTime();
      assertThat(SERVER.call("key", request("DELETE", "/v1/keys/" + id)).status()).isEqualTo(204);
      var rest = new StringBuilder();
      for (var chunk = stream.chunk(); chunk.length > 0; chunk = stream.chunk()) {
        rest.append(new String(chunk, StandardCharsets.UTF_8));
      }
      assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(BUSY);
    }
  }

  @Test
  void everyRpcAcceptsExactlyTheDocumentedKeys() throws IOException {
    for (var one : PERMISSIONS) {
      SERVER.issue(
          "may_" + one,
          "key",
          "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"" + one + "\"]}");
    }
    SERVER.issue(
        "elsewhere", "key", "{\"instance_ids\":[\"{stopped}\"],\"permissions\":" + ALL + "}");
    SERVER.issue(
        "foreign_scoped",
        "other_key",
        "{\"instance_ids\":[\"{foreign}\"],\"permissions\":" + ALL + "}");
    var ended =
        SERVER.issue(
            "ended", "key", "{\"instance_ids\":[\"{running}\"],\"permissions\":" + ALL + "}");
    assertThat(SERVER.call("key", request("DELETE", "/v1/keys/" + ended)).status()).isEqualTo(204);
    var expires = Instant.now().plusSeconds(5);
    SERVER.issue(
        "expired",
        "key",
        "{\"instance_ids\":[\"{running}\"],\"permissions\":"
            + ALL
            + ",\"expires_at\":\""
            + expires
            + "\"}");
    awaitPassed(expires);

    var wrong = new ArrayList<String>();
    var methods =
        Stream.of(
                OrganizationServiceProto.getDescriptor(),
                InstanceServiceProto.getDescriptor(),
                KeyServiceProto.getDescriptor(),
                SubscriptionServiceProto.getDescriptor(),
                FileServiceProto.getDescriptor(),
                SkillServiceProto.getDescriptor(),
                ChannelServiceProto.getDescriptor())
            .flatMap(file -> file.getServices().stream())
            .flatMap(service -> service.getMethods().stream())
            .toList();
    assertThat(methods.stream().map(Descriptors.MethodDescriptor::getName))
        .hasSizeGreaterThan(NEEDED.size())
        .containsAll(NEEDED.keySet());
    var channel = NettyChannelBuilder.forAddress(SERVER.grpc()).usePlaintext().build();
    try {
      for (var method : methods) {
        expected(needed(method))
            .forEach(
                (key, reason) -> {
                  var got = refusal(channel, method, key);
                  if (!got.equals(reason)) {
                    wrong.add(
                        method.getName() + " with " + key + ": must be " + reason + "; got " + got);
                  }
                });
      }
    } finally {
      channel.shutdownNow();
    }
    assertThat(wrong).isEmpty();
  }

  private static String needed(Descriptors.MethodDescriptor method) {
    return NEEDED.getOrDefault(method.getName(), ORGANIZATION);
  }

  /** Returns the rejection that each key must get; empty if the key is accepted. */
  private static Map<String, Optional<Reason>> expected(String needed) {
    var all = new TreeMap<String, Optional<Reason>>();
    boolean open = needed.equals(ANYBODY);
    boolean scoped = PERMISSIONS.contains(needed);
    Optional<Reason> lacks = open ? Optional.empty() : Optional.of(Reason.KEY_LACKS_PERMISSION);
    Optional<Reason> invalid = open ? Optional.empty() : Optional.of(Reason.KEY_INVALID);
    Optional<Reason> absent = scoped ? Optional.of(Reason.INSTANCE_NOT_FOUND) : lacks;
    all.put("key", Optional.empty());
    all.put("ended", invalid);
    all.put("expired", invalid);
    all.put("elsewhere", absent);
    all.put("foreign_scoped", absent);
    PERMISSIONS.forEach(
        one -> all.put("may_" + one, one.equals(needed) ? Optional.empty() : lacks));
    // The key may do everything, but not with this instance.
    all.put("other_key", scoped ? Optional.of(Reason.INSTANCE_NOT_FOUND) : Optional.empty());
    return all;
  }

  /** Returns why the key is rejected; empty if the call succeeds or fails for any other reason. */
  private static Optional<Reason> refusal(
      ManagedChannel channel, Descriptors.MethodDescriptor method, String key) {
    var request = DynamicMessage.newBuilder(method.getInputType());
    var field = method.getInputType().findFieldByName("instance_id");
    // Calls that need an organization's key could do harm, so they name no real resource.
    boolean harmless = !needed(method).equals(ORGANIZATION);
    if (field != null) {
      request.setField(
          field, harmless ? SERVER.world().get("running") : "00000000-0000-7000-8000-000000000000");
    }
    // The message is checked before its instance.
    var body = method.getInputType().findFieldByName("body");
    if (body != null && field != null) request.setField(body, MESSAGE);
    for (var named : NAMED.entrySet()) {
      var text = method.getInputType().findFieldByName(named.getKey());
      if (text != null) request.setField(text, named.getValue());
    }
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + SERVER.world().get(key));
    var end =
        RawGrpc.begin(
            channel,
            method.getService().getFullName() + "/" + method.getName(),
            request.build().toByteArray(),
            headers);
    return end.reasons().stream()
        .map(Reason::valueOf)
        .filter(reason -> isForTheKey(reason, harmless))
        .findFirst();
  }

  private static boolean isForTheKey(Reason reason, boolean instanceIsThere) {
    return switch (reason) {
      case KEY_INVALID, KEY_LACKS_PERMISSION -> true;
      case INSTANCE_NOT_FOUND -> instanceIsThere;
      default -> false;
    };
  }

  private static void awaitPassed(Instant time) {
    Await.until(
        Await.LIMIT, () -> Instant.now().isAfter(time), () -> time + " is still in the future");
  }

  private static String create(String owner) throws IOException {
    var made =
        SERVER.call(
            owner,
            WholeServer.post("/v1/instances")
                .json("{\"name\":\"x\",\"model_provider\":\"custom\"}"));
    assertThat(made.status()).as(made.body()).isEqualTo(201);
    return made.json().get("id").asText();
  }

  private static RawHttp.Answer send(String key, String session) throws IOException {
    return SERVER.call(
        key,
        WholeServer.post(SERVER.world().fill("/v1/instances/{running}/" + session + "responses"))
            .json("{"));
  }

  private static JsonNode get(String key, String path) throws IOException {
    var answer = SERVER.call(key, request("GET", path));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json();
  }

  private static RawHttp.Request request(String method, String target) {
    return RawHttp.Request.of(method, target);
  }
}
