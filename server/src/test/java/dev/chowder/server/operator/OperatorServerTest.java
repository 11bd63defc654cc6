package dev.chowder.server.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.chowder.secret.Secret;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.TokenFile;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperatorServerTest {
  private static final String ID = "01900000-0000-7000-8000-00000000000a";

  private static final Instant SINCE = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir private Path home;
  private final AtomicBoolean serving = new AtomicBoolean(true);
  private final List<InetAddress> failures = new CopyOnWriteArrayList<>();
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private OperatorServer server;
  private String token;

  @BeforeEach
  void start() throws IOException {
    var settings =
        ServerSettings.of(
            ConfigFactory.parseMap(Map.of("chowder.operator.port", 0))
                .withFallback(ConfigFactory.load()));
    Path file = home.resolve("operator.token");
    var made = TokenFile.in(file, "chd_op_", new SecureRandom());
    token = Files.readString(file).strip();
    server =
        OperatorServer.start(
            settings,
            Optional.empty(),
            made,
            new Recorded(),
            new OneOrganization(),
            new OnePendingEffect(),
            new NoIncidents(),
            () -> "backup.gz",
            new NoMasterKey(),
            () -> new RowCommands.Rebuilt(1, 2, 3, 4),
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            serving::get);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private final class Recorded implements OperatorAudit {
    @Override
    public void rejected(InetAddress address) {
      failures.add(address);
    }

    @Override
    public void called(
        InetAddress address, String action, String organizationId, String instanceId) {
      calls.add(address.getHostAddress() + " " + action + " " + organizationId + " " + instanceId);
    }
  }

  /** Entries for incident analysis: actions of an operator, or of another holder of the token. */
  @Test
  void callsThatMayChangeSomethingAreRecorded() throws Exception {
    var organizations = "/operator/organizations";
    var organization = organizations + "/" + ID;
    var sandbox = "/operator/sandboxes/sb-" + ID + "/remove";
    for (var path :
        List.of(
            organizations,
            organization + "/tier",
            organization + "/keys",
            organization + "/suspend",
            organization + "/resume",
            organization + "/delete",
            organization + "/revoke-keys",
            "/operator/instances/" + ID + "/stop",
            "/operator/instances/recover",
            sandbox,
            "/operator/reconciler/release",
            "/operator/host-ports/8000/open",
            "/operator/host-ports/8000/close",
            "/operator/rows/rebuild",
            "/operator/master-key/rewrite",
            "/operator/master-key/reload",
            "/operator/backup")) {
      assertThat(call("POST", path, "{}").body()).as(path).doesNotContain("PATH_NOT_FOUND");
    }
    // Queries, and calls without a valid token, are not recorded.
    call("GET", "/operator/organizations", "");
    call("GET", "/metrics", "");
    send("POST", organization + "/suspend", "Bearer x", "");
    assertThat(calls)
        .containsExactly(
            "127.0.0.1 operator/organizations  ",
            "127.0.0.1 operator/organizations/tier " + ID + " ",
            "127.0.0.1 operator/organizations/keys " + ID + " ",
            "127.0.0.1 operator/organizations/suspend " + ID + " ",
            "127.0.0.1 operator/organizations/resume " + ID + " ",
            "127.0.0.1 operator/organizations/delete " + ID + " ",
            "127.0.0.1 operator/organizations/revoke-keys " + ID + " ",
            "127.0.0.1 operator/instances/stop  " + ID,
            "127.0.0.1 operator/instances/recover  ",
            "127.0.0.1 operator/sandboxes/remove  " + ID,
            "127.0.0.1 operator/reconciler/release  ",
            "127.0.0.1 operator/host-ports/8000/open  ",
            "127.0.0.1 operator/host-ports/8000/close  ",
            "127.0.0.1 operator/rows/rebuild  ",
            "127.0.0.1 operator/master-key/rewrite  ",
            "127.0.0.1 operator/master-key/reload  ",
            "127.0.0.1 operator/backup  ");
  }

  @Test
  void aCallerCannotInventActions() throws Exception {
    for (var path :
        List.of(
            "/operator/a",
            "/operator/" + "x".repeat(60),
            "/operator/a%0Ab",
            "/operator/organizations/" + ID + "/a",
            "/operator/organizations/suspend",
            "/operator/instances/" + ID + "/recover",
            "/operator/backup/",
            "/metrics")) {
      assertAnswer(call("POST", path, ""), 404, "PATH_NOT_FOUND");
    }
    // A part that is not an id or a port is not recorded. The call is still rejected.
    assertAnswer(call("POST", "/operator/instances/x/stop", ""), 404, "INSTANCE_NOT_FOUND");
    assertAnswer(call("POST", "/operator/sandboxes/x/remove", ""), 400, "INVALID_FIELD");
    assertAnswer(call("POST", "/operator/host-ports/x/open", ""), 400, "INVALID_FIELD");
    assertThat(calls)
        .containsExactly(
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/unknown  ",
            "127.0.0.1 operator/instances/stop  ",
            "127.0.0.1 operator/sandboxes/remove  ",
            "127.0.0.1 operator/host-ports/open  ");
  }

  private static final class OneOrganization implements OperatorCommands {
    @Override
    public Created create(String name) {
      return new Created(summary("shrimp"), Secret.of("chd_org_of_" + name));
    }

    @Override
    public List<OrganizationSummary> organizations() {
      return List.of(summary("shrimp"));
    }

    @Override
    public Optional<OrganizationSummary> setTier(String id, String tier) {
      return id.equals(ID) ? Optional.of(summary(tier)) : Optional.empty();
    }

    @Override
    public Optional<Secret> newKey(String id) {
      if (id.endsWith("b")) {
        throw new IllegalStateException("secret of the bug");
      }
      return id.equals(ID) ? Optional.of(Secret.of("chd_org_x")) : Optional.empty();
    }

    private static OrganizationSummary summary(String tier) {
      return new OrganizationSummary(
          ID, "me", tier, tier.equals("whale") ? Optional.empty() : Optional.of(10), 3, "active");
    }
  }

  private static final class OnePendingEffect extends NoHost {
    @Override
    public List<PendingWork> pending(int limit) {
      return List.of(new PendingWork(ID, ID, "terminated", "remove_sandbox", SINCE));
    }

    @Override
    public Recovery recover(Optional<String> errorReason, Optional<String> organizationId) {
      return new Recovery(
          3, List.of(new Unrecovered(ID, errorReason.orElse("all"), organizationId.orElse(""))), 2);
    }
  }

  @Test
  void theTokenIsCreatedOnceInAFileThatOnlyItsOwnerCanRead() throws IOException {
    Path file = home.resolve("operator.token");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(TokenFile.in(file, "chd_op_", new SecureRandom()).is(token)).isTrue();
    assertThat(Files.readString(file).strip()).isEqualTo(token).startsWith("chd_op_").hasSize(71);
  }

  @Test
  void aTokenFileThatOthersCanReadIsRejected() throws IOException {
    Path file = home.resolve("operator.token");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> TokenFile.in(file, "chd_op_", new SecureRandom()))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("operator.token", "0600");
  }

  @Test
  void aBackupReturnsTheNameOfItsFile() throws Exception {
    var answer = send("POST", "/operator/backup", "Bearer " + token, "");
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.body()).contains("\"file\":\"backup.gz\"");
    assertThat(send("GET", "/operator/backup", "Bearer " + token, "").statusCode()).isEqualTo(404);
    assertThat(send("POST", "/operator/backup", "", "").statusCode()).isEqualTo(401);
  }

  @Test
  void aRebuildOfTheRowsReturnsItsResult() throws Exception {
    var answer = call("POST", "/operator/rows/rebuild", "");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo("{\"organizations\":1,\"instances\":2,\"removed\":3,\"unanswered\":4}\n");
    assertAnswer(call("GET", "/operator/rows/rebuild", ""), 404, "PATH_NOT_FOUND");
    assertAnswer(call("POST", "/operator/rows", ""), 404, "PATH_NOT_FOUND");
    assertAnswer(send("POST", "/operator/rows/rebuild", "", ""), 401, "KEY_INVALID");
  }

  @Test
  void withoutTheTokenEveryCallIsRejected() throws Exception {
    for (String authorization : new String[] {"", "Bearer wrong", token, "Basic " + token}) {
      for (String path : new String[] {"/metrics", "/operator/organizations", "/nope"}) {
        var answer = send("GET", path, authorization, "");
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.body()).contains("KEY_INVALID").doesNotContain("chowder_");
      }
    }
    assertThat(failures).hasSize(12).containsOnly(InetAddress.ofLiteral("127.0.0.1"));
  }

  @Test
  void healthNeedsNoToken() throws Exception {
    assertThat(send("GET", "/healthz", "", "").statusCode()).isEqualTo(200);
    serving.set(false);
    var answer = send("GET", "/healthz", "", "");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains("{\"status\":\"NOT_SERVING\",\"isolated\":true}");
  }

  @Test
  void metricsAreInPrometheusFormat() throws Exception {
    var answer = call("GET", "/metrics", "");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type").orElse("")).startsWith("text/plain");
  }

  @Test
  void aNewOrganizationIsShownWithItsKey() throws Exception {
    var answer = call("POST", "/operator/organizations", "{\"name\":\"me\"}");
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.body())
        .contains("{\"organization\":{\"id\":\"" + ID, "\"api_key\":\"chd_org_of_me\"");
    assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
    for (var body : List.of("", "{}", "{\"name\":7}")) {
      var refused = call("POST", "/operator/organizations", body);
      assertAnswer(refused, 400, "INVALID_FIELD");
      assertThat(refused.body()).contains("\"field\":\"name\"");
    }
    assertThat(send("POST", "/operator/organizations", "", "").statusCode()).isEqualTo(401);
  }

  @Test
  void aTierIsSetAndReturned() throws Exception {
    var crab = call("POST", "/operator/organizations/" + ID + "/tier", "{\"tier\":\"crab\"}");
    assertThat(crab.statusCode()).isEqualTo(200);
    assertThat(crab.body()).contains("\"subscription_tier\":\"crab\"", "\"instance_limit\":10");
    var whale = call("POST", "/operator/organizations/" + ID + "/tier", "{\"tier\":\"whale\"}");
    assertThat(whale.body()).doesNotContain("instance_limit");
  }

  @Test
  void aNewKeyIsReturnedOnce() throws Exception {
    var answer = call("POST", "/operator/organizations/" + ID + "/keys", "");
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.body()).isEqualTo("{\"api_key\":\"chd_org_x\"}\n");
    assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
  }

  @Test
  void aBulkRecoverReturnsItsResult() throws Exception {
    var path = "/operator/instances/recover";
    var answer = call("POST", path, "{\"error_reason\":\"GATEWAY_CRASHED\"}");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo(
            "{\"recovered\":3,\"left\":2,\"refused_count\":1,\"refused\":[{\"instance_id\":\""
                + ID
                + "\",\"reason\":\"GATEWAY_CRASHED\",\"message\":\"\"}]}\n");
    assertThat(call("POST", path, "").body()).contains("\"reason\":\"all\"");
    assertAnswer(call("POST", path, "{\"error_reason\":1}"), 400, "INVALID_FIELD");
    assertAnswer(call("GET", path, ""), 404, "PATH_NOT_FOUND");
    assertAnswer(send("POST", path, "", ""), 401, "KEY_INVALID");
  }

  @Test
  void pendingEffectsAreListedWithTheirTime() throws Exception {
    var answer = call("GET", "/operator/owed", "");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo(
            "{\"owed\":[{\"instance_id\":\""
                + ID
                + "\",\"organization_id\":\""
                + ID
                + "\",\"status\":\"terminated\",\"what\":\"remove_sandbox\","
                + "\"since\":\"2026-01-01T00:00:00Z\"}]}\n");
    assertAnswer(call("POST", "/operator/owed", ""), 404, "PATH_NOT_FOUND");
    assertAnswer(call("GET", "/operator/owed/x", ""), 404, "PATH_NOT_FOUND");
    assertAnswer(call("POST", "/operator/reconciler/release", ""), 409, "WRONG_STATE");
    assertAnswer(call("POST", "/operator/sandboxes/x/remove", ""), 400, "INVALID_FIELD");
    assertAnswer(call("POST", "/operator/sandboxes/x", ""), 404, "PATH_NOT_FOUND");
  }

  @Test
  void badCommandsAreRejected() throws Exception {
    String tier = "/operator/organizations/" + ID + "/tier";
    assertAnswer(call("POST", tier, "{\"tier\":\"cod\"}"), 400, "INVALID_FIELD");
    assertAnswer(call("POST", tier, "{\"tier\":5}"), 400, "INVALID_FIELD");
    assertAnswer(call("POST", tier, "{"), 400, "INVALID_FIELD");
    assertAnswer(call("POST", tier, "[]"), 400, "INVALID_FIELD");
    assertAnswer(call("POST", tier, "{}{}"), 400, "INVALID_FIELD");
    assertAnswer(call("POST", tier, "\"" + "x".repeat(20_000) + "\""), 413, "TOO_LARGE");
    assertAnswer(call("GET", tier, ""), 404, "PATH_NOT_FOUND");
    assertAnswer(call("PUT", "/operator/organizations", "{}"), 404, "PATH_NOT_FOUND");
    assertAnswer(call("GET", "/operator/organizations/", ""), 404, "PATH_NOT_FOUND");
    assertAnswer(call("GET", "/metrics/", ""), 404, "PATH_NOT_FOUND");
    String other = "/operator/organizations/" + ID.replace("00a", "00c") + "/tier";
    assertAnswer(call("POST", other, "{\"tier\":\"crab\"}"), 404, "ORGANIZATION_NOT_FOUND");
    assertAnswer(
        call("POST", "/operator/organizations/x/tier", "{\"tier\":\"crab\"}"),
        404,
        "ORGANIZATION_NOT_FOUND");
  }

  @Test
  void anInternalErrorRevealsNothing() throws Exception {
    var answer = call("POST", "/operator/organizations/" + ID.replace("00a", "00b") + "/keys", "");
    assertAnswer(answer, 500, "INTERNAL");
    assertThat(answer.body()).doesNotContain("secret of the bug", "Exception");
  }

  private static void assertAnswer(HttpResponse<String> answer, int status, String reason) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.body()).contains("\"reason\":\"" + reason + "\"");
  }

  private HttpResponse<String> call(String method, String path, String body) throws Exception {
    return send(method, path, "Bearer " + token, body);
  }

  private HttpResponse<String> send(String method, String path, String authorization, String body)
      throws Exception {
    try (var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
              .method(method, HttpRequest.BodyPublishers.ofString(body));
      if (!authorization.isEmpty()) {
        request.header("authorization", authorization);
      }
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
