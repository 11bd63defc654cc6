package dev.chowder.server.edge;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests an agent's skills over REST, from their installation to their removal. */
class SkillsIT {
  private static final String VALUE = "open-sesame-4711";

  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @Test
  void aListIsReadPageByPageOptionallyOnlyReadySkills() throws IOException {
    var seen = new ArrayList<String>();
    var token = "";
    do {
      var page = get("?page_size=1&page_token=" + token);
      assertThat(page.get("skills").size()).isLessThanOrEqualTo(1);
      page.get("skills").forEach(skill -> seen.add(skill.get("name").asText()));
      token = page.get("next_page_token").asText();
    } while (!token.isEmpty());
    assertThat(seen).isSorted().contains("telescope", "weather");
    assertThat(get("?eligible_only=true").get("skills"))
        .extracting(skill -> skill.get("name").asText())
        .contains("weather")
        .doesNotContain("telescope");
    var telescope = get("/telescope");
    assertThat(telescope.get("ready").asBoolean()).isFalse();
    assertThat(telescope.get("source").asText()).isEqualTo("bundled");
    assertThat(telescope.at("/missing/0").asText()).isEqualTo("bin:telescope");
    assertThat(telescope.has("path")).isFalse();
  }

  @Test
  void anArchiveIsInstalledAndReplacedOnlyOnDemand() throws IOException {
    var installed = install(archive("mine", skill("greeting", "Greets.")), 200).json();
    assertThat(installed.get("skill").asText()).isEqualTo("greeting");
    assertThat(installed.get("status").asText()).isEqualTo("installed");
    var greeting = get("/greeting");
    assertThat(greeting.get("path").asText()).isEqualTo("skills/mine");
    assertThat(greeting.get("source").asText()).isEqualTo("workspace");
    assertThat(greeting.get("ready").asBoolean()).isTrue();

    var other = archive("mine", skill("greeting", "Greets better."));
    RestErrors.check(install(other, 409), 409, 6, "SKILL_EXISTS");
    assertThat(get("/greeting").get("description").asText()).isEqualTo("Greets.");
    install(other.replaceFirst("}$", ",\"overwrite\":true}"), 200);
    assertThat(get("/greeting").get("description").asText()).isEqualTo("Greets better.");

    // An invalid archive replaces no skill.
    var broken = "{\"slug\":\"mine\",\"overwrite\":true,\"archive\":\"UEs=\"}";
    RestErrors.check(install(broken, 400), 400, 3, "INVALID_FIELD");
    assertThat(get("/greeting").get("description").asText()).isEqualTo("Greets better.");

    delete("greeting", 204);
    assertThat(workspace().resolve("skills/mine")).doesNotExist();
    RestErrors.check(delete("greeting", 404), 404, 5, "SKILL_NOT_FOUND");
  }

  @Test
  void aSkillFromClawHubIsReadyOnceItsVariablesAreSetAndTheyAreNeverShown() throws IOException {
    var installed = install("{\"slug\":\"web-search\"}", 200).json();
    assertThat(installed.get("status").asText()).isEqualTo("installed_missing_env");
    assertThat(installed.at("/required_env/0").asText()).isEqualTo("SEARCH_KEY");
    assertThat(installed.at("/missing_env/0").asText()).isEqualTo("SEARCH_KEY");
    assertThat(installed.get("message").asText()).contains("SEARCH_KEY");
    var search = get("/web-search");
    assertThat(search.get("source").asText()).isEqualTo("clawhub");
    assertThat(search.get("version").asText()).isEqualTo("1.0.0");
    assertThat(search.get("api_key_env").asText()).isEqualTo("SEARCH_KEY");
    assertThat(search.get("ready").asBoolean()).isFalse();

    // As clients of the hosted product send it.
    change("web-search", "{\"apiKey\":\"" + VALUE + "\"}");
    assertThat(config("web-search").get("apiKey").asText()).isEqualTo(VALUE);
    assertThat(get("/web-search").get("ready").asBoolean()).isTrue();
    change("web-search", "{\"enabled\":false}");
    assertThat(get("/web-search").get("ready").asBoolean()).isFalse();
    assertThat(get("/web-search").get("enabled").asBoolean()).isFalse();
    change(
        "web-search",
        "{\"enabled\":true,\"api_key\":\"\",\"env\":{\"SEARCH_KEY\":\""
            + VALUE
            + "\"},\"config\":{\"depth\":2,\"in\":{\"a\":true}}}");
    change("web-search", "{\"config\":{\"in\":{\"b\":1}}}");
    assertThat(config("web-search").has("apiKey")).isFalse();
    assertThat(config("web-search").at("/config").toString())
        .isEqualTo("{\"depth\":2,\"in\":{\"a\":true,\"b\":1}}");
    change("web-search", "{}");
    assertThat(get("/web-search").get("ready").asBoolean()).isTrue();
    for (var path : List.of("", "/web-search")) {
      assertThat(get(path).toString()).doesNotContain(VALUE);
    }
    assertThat(SERVER.call("key", request("GET", "/v1/instances/{running}")).body())
        .doesNotContain(VALUE);

    delete("web-search", 204);
    assertThat(config("web-search").isMissingNode()).as("secrets of the skill").isTrue();
    assertThat(Files.readString(workspace().resolve(".clawhub/lock.json")))
        .doesNotContain("web-search");
  }

  @Test
  void installSetsVariablesAndIsIdempotentByItsKey() throws IOException {
    var json =
        archive("keyed", skill("keyed", "Needs it.", "NEEDED"))
            .replaceFirst("}$", ",\"env\":{\"NEEDED\":\"" + VALUE + "\"}}");
    var request =
        request("POST", "/v1/instances/{running}/skills/install")
            .json(json)
            .with("Idempotency-Key", "once");
    var first = SERVER.call("key", request);
    assertThat(first.status()).as(first.body()).isEqualTo(200);
    assertThat(first.json().get("status").asText()).isEqualTo("installed");
    assertThat(first.json().at("/required_env/0").asText()).isEqualTo("NEEDED");
    assertThat(first.body()).doesNotContain(VALUE);
    assertThat(SERVER.call("key", request).body()).isEqualTo(first.body());
    delete("keyed", 204);
  }

  @Test
  void aSkillThatOpenClawCannotReadIsReportedAndCanBeOverwritten() throws IOException {
    var answer = install(archive("odd", "No name at all."), 409);
    RestErrors.check(answer, 409, 9, "SKILL_REFUSED");
    var good = archive("odd", skill("even", "Readable."));
    install(good.replaceFirst("}$", ",\"overwrite\":true}"), 200);
    delete("even", 204);
  }

  @Test
  void aFolderWrittenIntoTheWorkspaceIsASkill() throws IOException {
    var content = skill("written", "By hand.").replace("\"", "\\\"").replace("\n", "\\n");
    var written =
        SERVER.call(
            "key",
            request("PUT", "/v1/instances/{running}/files/content")
                .json("{\"path\":\"skills/by-hand/SKILL.md\",\"content\":\"" + content + "\"}"));
    assertThat(written.status()).as(written.body()).isEqualTo(204);
    assertThat(get("/written").get("path").asText()).isEqualTo("skills/by-hand");
    delete("written", 204);
  }

  @Test
  void aKeyWithTheConfigurePermissionSuffices() throws IOException {
    SERVER.issue(
        "configurer", "key", "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"configure\"]}");
    var skills = SERVER.call("configurer", request("GET", "/v1/instances/{running}/skills"));
    assertThat(skills.status()).as(skills.body()).isEqualTo(200);
  }

  private static String skill(String name, String description, String... env) {
    var needs = env.length == 0 ? "" : "\"" + String.join("\",\"", env) + "\"";
    return """
    ---
    name: %s
    description: %s
    metadata: {"openclaw":{"requires":{"env":[%s]}}}
    ---
    Do it.
    """
        .formatted(name, description, needs);
  }

  private static String archive(String slug, String skill) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("SKILL.md"));
      zip.write(skill.getBytes(UTF_8));
    }
    return "{\"slug\":\"%s\",\"archive\":\"%s\"}"
        .formatted(slug, Base64.getEncoder().encodeToString(bytes.toByteArray()));
  }

  private static RawHttp.Answer install(String json, int status) throws IOException {
    return require(status, request("POST", "/v1/instances/{running}/skills/install").json(json));
  }

  private static void change(String name, String json) throws IOException {
    require(204, request("PATCH", "/v1/instances/{running}/skills/" + name).json(json));
  }

  private static RawHttp.Answer delete(String name, int status) throws IOException {
    return require(status, request("DELETE", "/v1/instances/{running}/skills/" + name));
  }

  private static JsonNode get(String tail) throws IOException {
    return require(200, request("GET", "/v1/instances/{running}/skills" + tail)).json();
  }

  private static RawHttp.Answer require(int status, RawHttp.Request request) throws IOException {
    var answer = SERVER.call("key", request);
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    return answer;
  }

  private static RawHttp.Request request(String method, String target) {
    return RawHttp.Request.of(method, SERVER.world().fill(target));
  }

  private static Path home() {
    return SERVER.sandboxes().resolve("sb-" + SERVER.world().get("running")).resolve("home");
  }

  private static Path workspace() {
    return home().resolve(".openclaw/workspace");
  }

  /** Returns a skill's entry in the agent's own configuration. */
  private static JsonNode config(String skill) throws IOException {
    var file = home().resolve(".openclaw/openclaw.json");
    return new ObjectMapper().readTree(Files.readString(file)).at("/skills/entries/" + skill);
  }
}
