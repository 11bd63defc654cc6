package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests channels over REST, in the format of the API's pages. */
class ChannelsIT {
  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @Test
  void aKeyForChannelsConnectsPairsAndDisconnectsOne() throws IOException {
    SERVER.issue(
        "connector", "key", "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"channels\"]}");
    var all = get("").get("channels");
    assertThat(all.size()).isEqualTo(11);
    var telegram = get("/telegram");
    assertThat(telegram).isEqualTo(all.get(0));
    assertThat(telegram.get("connection_type").asText()).isEqualTo("token");
    assertThat(telegram.get("enabled").asBoolean()).isFalse();
    assertThat(telegram.at("/required_fields/token").asText()).contains("@BotFather");

    var connected =
        post("/telegram/connect", "{\"config\":{\"token\":\"123456789:eager-eager\"}}", 200);
    assertThat(connected.toString())
        .isEqualTo("{\"channel\":\"telegram\",\"status\":\"connected\"}");
    var status = get("/telegram/status");
    assertThat(status.get("enabled").asBoolean()).isTrue();
    assertThat(status.get("connected").asBoolean()).isTrue();
    assertThat(status.at("/details/running").asBoolean()).isTrue();

    var waiting = get("/telegram/pairings").get("pairings");
    assertThat(waiting.size()).isEqualTo(1);
    assertThat(waiting.get(0).get("sender_id").asText()).isEqualTo("42");
    assertThat(waiting.get(0).at("/sender/firstName").asText()).isEqualTo("Ada");
    var paired = post("/telegram/pair", "{\"code\":\"CODE0001\"}", 200);
    assertThat(paired.toString())
        .isEqualTo(
            "{\"channel\":\"telegram\",\"code\":\"CODE0001\",\"status\":\"approved\","
                + "\"output\":\"Pairing approved for user 42.\"}");

    var left = call("POST", "/telegram/disconnect", "");
    assertThat(left.status()).as(left.toString()).isEqualTo(204);
    assertThat(left.body()).isEmpty();
    assertThat(get("/telegram").get("enabled").asBoolean()).isFalse();
    // Connects with the stored credentials.
    assertThat(post("/telegram/connect", "{}", 200).get("status").asText()).isEqualTo("connected");
  }

  private static JsonNode get(String tail) throws IOException {
    var answer = call("GET", tail, "");
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    return answer.json();
  }

  private static JsonNode post(String tail, String json, int status) throws IOException {
    var answer = call("POST", tail, json);
    assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
    return answer.json();
  }

  private static RawHttp.Answer call(String method, String tail, String json) throws IOException {
    var path = SERVER.world().fill("/v1/instances/{running}/channels") + tail;
    var request = RawHttp.Request.of(method, path);
    return SERVER.call("connector", json.isEmpty() ? request : request.json(json));
  }
}
