package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.operator.v1.OperatorServiceProto;
import dev.chowder.server.operator.OneOrganization;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the operator API through a real Envoy. */
@Timeout(120)
class EnvoyOperatorIT {
  private static final String ID = "01900000-0000-7000-8000-00000000000b";

  @TempDir private static Path folder;
  private static Edge here;
  private static Edge there;
  private static EnvoyProcess envoy;
  private static InetSocketAddress operators;
  private static String token;

  @BeforeAll
  static void start() throws Exception {
    here = new Edge(folder, Map.of(), "here:1");
    // The nodes of a cluster have the same tokens.
    there = new Edge(folder, Map.of(), "there:2");
    envoy =
        here.startEnvoy(
            folder,
            Map.of(
                "CHOWDER_NODES",
                "127.0.0.1:%d:%d:%d,127.0.0.1:%d:%d:%d"
                    .formatted(
                        here.grpc.port(),
                        here.operator.port(),
                        here.monitoring.port(),
                        there.grpc.port(),
                        there.operator.port(),
                        there.monitoring.port())));
    operators = Edge.loopback(envoy.operatorPort());
    token = Files.readString(folder.resolve("operator.token")).strip();
  }

  @AfterAll
  static void end() {
    if (envoy != null) envoy.close();
    if (here != null) here.close();
    if (there != null) there.close();
  }

  private static RawHttp.Answer call(String method, String path) throws IOException {
    return send(RawHttp.Request.of(method, path));
  }

  private static RawHttp.Answer send(RawHttp.Request request) throws IOException {
    return RawHttp.send(operators, request.with("Authorization", "Bearer " + token));
  }

  @Test
  void callsAreTranscoded() throws IOException {
    var list = call("GET", "/operator/v1/organizations");
    assertThat(list.status()).isEqualTo(200);
    assertThat(list.json().path("organizations"))
        .singleElement()
        .satisfies(one -> assertThat(one.path("id").asText()).isEqualTo(OneOrganization.ID));
    assertThat(list.header("cache-control")).contains("no-store");
    var rebuilt = call("POST", "/operator/v1/rows/rebuild");
    assertThat(rebuilt.status()).isEqualTo(200);
    assertThat(rebuilt.json().path("organizations").asInt(-1)).isZero();
  }

  @Test
  void errorsAreThoseOfTheApi() throws IOException {
    RestErrors.check(call("GET", "/operator/v1/nope"), 404, 12, "PATH_NOT_FOUND");
    RestErrors.check(call("GET", "/v1/instances"), 404, 12, "PATH_NOT_FOUND");
    var tier = "/operator/v1/organizations/" + ID + "/tier";
    RestErrors.check(
        send(RawHttp.Request.of("PUT", tier).json("{\"tier\":\"crab\"}")),
        404,
        5,
        "ORGANIZATION_NOT_FOUND");
    RestErrors.check(
        send(RawHttp.Request.of("PUT", tier).json("{\"tier\":\"cod\"}")), 400, 3, "INVALID_FIELD");
    RestErrors.check(
        send(RawHttp.Request.of("PUT", tier).json("{\"tier\":")), 400, 3, "INVALID_FIELD");
    var large = "{\"tier\":\"" + "x".repeat(20_000) + "\"}";
    var tooLarge = send(RawHttp.Request.of("PUT", tier).json(large));
    RestErrors.check(tooLarge, 413, 8, "TOO_LARGE");
    assertThat(tooLarge.body()).contains("16384");
  }

  @Test
  void withoutTheTokenEveryCallIsRejectedAndItsClientRecorded() throws IOException {
    var before = rejections();
    RestErrors.check(
        RawHttp.send(operators, RawHttp.Request.of("GET", "/operator/v1/organizations")),
        401,
        16,
        "KEY_INVALID");
    assertThat(rejections()).isEqualTo(before + 1);
  }

  private static int rejections() {
    return here.audit.rejected().size() + there.audit.rejected().size();
  }

  @Test
  void aCallThatConcernsOneNodeReachesIt() throws IOException {
    for (int n = 0; n < 6; n++) {
      for (var node : new String[] {"here:1", "there:2"}) {
        var backup = call("POST", "/operator/v1/nodes/" + node + "/backups");
        assertThat(backup.status()).as(backup.toString()).isEqualTo(201);
        assertThat(backup.json().path("file").asText()).isEqualTo("of " + node);
      }
    }
    RestErrors.check(call("POST", "/operator/v1/nodes/nowhere:3/backups"), 400, 3, "INVALID_FIELD");
  }

  /** An operator's call must not be possible where callers of the API are. */
  @Test
  void theListenerOfTheApiServesNoCallOfOperators() throws IOException {
    int before = here.audit.calls().size() + there.audit.calls().size();
    for (var method :
        OperatorServiceProto.getDescriptor().findServiceByName("OperatorService").getMethods()) {
      var request =
          RawHttp.Request.of("POST", "/chowder.operator.v1.OperatorService/" + method.getName());
      var answer =
          RawHttp.send(
              Edge.loopback(envoy.port()), request.with("Authorization", "Bearer " + token));
      RestErrors.check(answer, 404, 12, "PATH_NOT_FOUND");
    }
    var rest =
        RawHttp.Request.of("GET", "/operator/v1/organizations")
            .with("Authorization", "Bearer " + token);
    RestErrors.check(RawHttp.send(Edge.loopback(envoy.port()), rest), 404, 12, "PATH_NOT_FOUND");
    assertThat(here.audit.calls().size() + there.audit.calls().size()).isEqualTo(before);
  }
}
