package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A real agent learns a skill from an archive and forgets it after the removal. */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SkillsE2E {
  private final Agent agent = SharedAgents.first();

  @Test
  void theAgentUsesASkillOnceItsVariablesAreSetAndForgetsItWhenRemoved() throws IOException {
    String name = unique("lighthouse");
    String value = "secret-" + UUID.randomUUID();
    Answer installed = install(name, skill(name, "Counts ships.", "LIGHTHOUSE_KEY")).is(200);
    assertThat(installed.text("skill")).isEqualTo(name);
    assertThat(installed.text("status")).isEqualTo("installed_missing_env");
    assertThat(texts(installed.json().path("required_env"))).containsExactly("LIGHTHOUSE_KEY");
    assertThat(texts(installed.json().path("missing_env"))).containsExactly("LIGHTHOUSE_KEY");
    JsonNode lacking = get(name);
    assertThat(lacking.path("ready").asBoolean()).isFalse();
    assertThat(lacking.path("enabled").asBoolean()).isTrue();
    assertThat(lacking.path("source").asText()).isEqualTo("workspace");
    assertThat(lacking.path("path").asText()).isEqualTo("skills/" + name);
    assertThat(texts(lacking.path("missing"))).containsExactly("env:LIGHTHOUSE_KEY");
    assertThat(names("?eligible_only=true")).doesNotContain(name).isNotEmpty();
    assertThat(known()).doesNotContain(name);

    change(name, "{\"env\": {\"LIGHTHOUSE_KEY\": \"%s\"}}".formatted(value));
    assertThat(get(name).path("ready").asBoolean()).isTrue();
    assertThat(names("?eligible_only=true")).contains(name);
    assertThat(known()).as("what the agent tells its model").contains(name);

    change(name, "{\"enabled\": false}");
    assertThat(get(name).path("enabled").asBoolean()).isFalse();
    assertThat(get(name).path("ready").asBoolean()).isFalse();
    assertThat(known()).doesNotContain(name);
    change(name, "{\"enabled\": true, \"config\": {\"harbour\": {\"ships\": [1, 2]}}}");
    assertThat(get(name).path("ready").asBoolean()).isTrue();

    assertThat(agent.caller().get(agent.path("/skills?page_size=500")).is(200).body())
        .doesNotContain(value);
    assertThat(agent.get().body()).doesNotContain(value);
    assertThat(agent.caller().get(agent.path("/events")).is(200).body()).doesNotContain(value);

    agent.caller().delete(path(name)).is(204);
    agent.caller().get(path(name)).isError(404, "SKILL_NOT_FOUND");
    agent.caller().delete(path(name)).isError(404, "SKILL_NOT_FOUND");
    assertThat(known()).doesNotContain(name);
    agent.caller().get(agent.path("/files?path=skills/" + name)).isError(404, "FILE_NOT_FOUND");
    // The removal of the skill also removed its variable.
    install(name, skill(name, "Counts ships.", "LIGHTHOUSE_KEY")).is(200);
    assertThat(get(name).path("ready").asBoolean()).isFalse();
    agent.caller().delete(path(name)).is(204);
  }

  @Test
  void installReplacesASkillOnlyOnDemand() throws IOException {
    String name = unique("kettle");
    ObjectNode request = request(name, skill(name, "Boils.", "KETTLE_KEY"));
    request.putObject("env").put("KETTLE_KEY", "a ${HOME} literal");
    Answer installed = post(request).is(200);
    assertThat(installed.text("status")).isEqualTo("installed");
    assertThat(installed.body()).doesNotContain("literal");
    post(request).isError(409, "SKILL_EXISTS");
    post(request(name, "no zip".getBytes(UTF_8)).put("overwrite", true))
        .isError(400, "INVALID_FIELD");
    post(request(name, Map.of("README.md", "No skill.")).put("overwrite", true))
        .isError(400, "INVALID_FIELD");
    assertThat(get(name).path("description").asText()).isEqualTo("Boils.");
    post(request(name, skill(name, "Boils faster.")).put("overwrite", true)).is(200);
    assertThat(get(name).path("description").asText()).isEqualTo("Boils faster.");
    agent.caller().delete(path(name)).is(204);
  }

  @Test
  void aSkillThatOpenClawCannotReadIsReportedAndCanBeOverwritten() throws IOException {
    String name = unique("odd");
    install(name, Map.of("SKILL.md", "No name at all.")).isError(409, "SKILL_REFUSED");
    post(request(name, skill(name, "Readable.")).put("overwrite", true)).is(200);
    agent.caller().delete(path(name)).is(204);
    agent.caller().get(path(name)).isError(404, "SKILL_NOT_FOUND");
  }

  @Test
  void aFolderWrittenIntoTheWorkspaceIsASkill() {
    String name = unique("by-hand");
    ObjectNode file = Answer.JSON.createObjectNode();
    file.put("path", "skills/" + name + "/SKILL.md");
    file.put("content", skill(name, "By hand.").get("SKILL.md"));
    agent.caller().send("PUT", agent.path("/files/content"), file.toString()).is(204);
    Answer skill =
        Eventually.get(
            name,
            Duration.ofSeconds(10),
            () -> agent.caller().get(path(name)),
            now -> now.status() == 200);
    assertThat(skill.json().path("ready").asBoolean()).isTrue();
    agent.caller().delete(path(name)).is(204);
  }

  @Test
  void skillsOfOpenClawAreListedAndCannotBeRemoved() {
    JsonNode weather = get("weather");
    assertThat(weather.path("source").asText()).isEqualTo("bundled");
    assertThat(weather.has("path")).isFalse();
    agent.caller().delete(path("weather")).isError(409, "SKILL_NOT_REMOVABLE");
    assertThat(names("?page_size=500")).contains("weather").isSorted().hasSizeGreaterThan(20);
  }

  /** ClawHub has no such skill; if it cannot be reached, the error says so. */
  @Test
  void aSkillThatClawHubDoesNotProvideIsReported() {
    Answer answer =
        agent
            .caller()
            .post(
                agent.path("/skills/install"),
                "{\"slug\": \"%s\"}".formatted(unique("chowder-has-no-such-skill")));
    if (answer.status() == 404) answer.isError(404, "SKILL_NOT_FOUND");
    else answer.isError(502, "CLAWHUB_UNAVAILABLE");
    assertThat(answer.message()).isNotBlank().doesNotContain("/home/");
  }

  /**
   * Returns the names of the skills that the first message of a new session brings to the model.
   */
  private String known() {
    return agent
        .send("skills-" + UUID.randomUUID(), "Which skills do you have?")
        .is(200)
        .agentText();
  }

  private static String unique(String name) {
    return name + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  private static Map<String, String> skill(String name, String description, String... env) {
    return Map.of(
        "SKILL.md",
        """
        ---
        name: %s
        description: %s
        metadata: {"openclaw": {"requires": {"env": [%s]}}}
        ---
        Say how many there are.
        """
            .formatted(
                name, description, env.length == 0 ? "" : "\"" + String.join("\", \"", env) + "\""),
        "notes/more.md",
        "More.");
  }

  private Answer install(String slug, Map<String, String> files) throws IOException {
    return post(request(slug, files));
  }

  private static ObjectNode request(String slug, Map<String, String> files) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      for (var file : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue().getBytes(UTF_8));
      }
    }
    return request(slug, bytes.toByteArray());
  }

  private static ObjectNode request(String slug, byte[] archive) {
    return Answer.JSON.createObjectNode().put("slug", slug).put("archive", archive);
  }

  private Answer post(ObjectNode request) {
    return agent.caller().post(agent.path("/skills/install"), request.toString());
  }

  private void change(String name, String json) {
    agent.caller().send("PATCH", path(name), json).is(204);
  }

  private JsonNode get(String name) {
    return agent.caller().get(path(name)).is(200).json();
  }

  private List<String> names(String query) {
    JsonNode page = agent.caller().get(agent.path("/skills" + query)).is(200).json();
    return StreamSupport.stream(page.path("skills").spliterator(), false)
        .map(skill -> skill.path("name").asText())
        .toList();
  }

  private static List<String> texts(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
  }

  private String path(String name) {
    return agent.path("/skills/" + name);
  }
}
