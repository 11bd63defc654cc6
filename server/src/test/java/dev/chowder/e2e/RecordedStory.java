package dev.chowder.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * Fills a new installation for a record over its REST API: an instance of each kind, and keys and
 * settings of two organizations.
 */
final class RecordedStory {
  /** More events than there are between two snapshots. */
  private static final int RENAMES = 8;

  /** The secret of a skill. */
  private static final String WEATHER = "weather-key-of-the-record";

  private final URI rest;
  private final Path home;
  private final int servicesPort;
  private final Map<String, String> keys = new HashMap<>();

  private RecordedStory(URI rest, Path home, int servicesPort) {
    this.rest = rest;
    this.home = home;
    this.servicesPort = servicesPort;
  }

  /**
   * Fills the installation with the state directory {@code home}, and returns its keys by their
   * names.
   *
   * @param servicesPort the port of {@link RecordingServices}
   */
  static Map<String, String> tell(URI rest, Path home, int servicesPort) throws IOException {
    var story = new RecordedStory(rest, home, servicesPort);
    story.tell();
    return story.keys;
  }

  /** Creates an instance of each kind, and keys and settings of an organization. */
  private void tell() throws IOException {
    var key = text("organization.key");
    keys.put("organization", key);
    var owner = new Caller(rest, key);
    for (int team = 1; team <= RENAMES; team++) {
      patch(owner, "/v1/organization", "{\"name\": \"team-%d\"}".formatted(team));
    }
    patch(
        owner,
        "/v1/organization",
        """
        {"name": "recorded", "model_api_keys":
         {"custom": "sk-of-the-record", "openai": "sk-openai-of-the-record"}}
        """);
    var hello = changedWhileItRuns(new Agent(owner, text("first-instance")));
    var sleeper = changedWhileItSleeps(owner);
    crashes(owner);
    create(owner, "gone", Map.of()).delete().is(204);
    createKeys(owner, hello, sleeper);
    createNeighbor();
  }

  private static Agent changedWhileItRuns(Agent hello) {
    patch(
        hello.caller(),
        hello.path(""),
        """
        {"name": "hello", "labels": {"team": "blue"},
         "openclaw_config": {"messages.ackReaction": "eyes"}}
        """);
    hello.send("Remember: apples").is(200);
    hello
        .caller()
        .send(
            "PUT",
            hello.path("/files/content"),
            "{\"path\": \"notes/kept.md\", \"content\": \"Kept.\\n\"}")
        .is(204);
    Eventually.is(
        "its overrides are applied",
        Limits.STEP,
        () ->
            Docker.shell(hello.container(), "cat /home/node/.openclaw/openclaw.json")
                .contains("eyes"));
    hello.caller().post(hello.path("/gateway/rotate")).is(200);
    return hello;
  }

  private Agent changedWhileItSleeps(Caller owner) {
    var sleeper =
        create(
            owner,
            "sleeper",
            Map.of(
                "labels",
                "{\"team\": \"green\"}",
                "openclaw_config",
                """
                {"messages.ackReaction": "eyes",
                 "skills.entries.weather.apiKey": "%s"}
                """
                    .formatted(WEATHER)));
    sleeper.awaitRunning().send("Remember: pears").is(200);
    connect(sleeper, "123456789:sleeper-of-the-record");
    sleeper.stop(120).is(200);
    var _ = sleeper.awaitStatus("stopped");
    // This change is accepted, but not applied yet.
    patch(owner, sleeper.path(""), "{\"openclaw_config\": {\"messages.ackReaction\": \"tada\"}}");
    return sleeper;
  }

  private void crashes(Caller owner) {
    var crashed = create(owner, "crashed", Map.of());
    crashed.awaitRunning().send("Remember: plums").is(200);
    connect(crashed, "123456789:crashed-of-the-record");
    // The first loss leads to a restart, the second is an error.
    var before = attempt(crashed);
    Docker.docker("kill", crashed.container());
    Eventually.is(
        "it was restarted",
        Limits.PROVISIONING,
        () -> Docker.runs(crashed.container()) && !attempt(crashed).equals(before));
    var _ = crashed.awaitRunning();
    var _ = Docker.docker("kill", crashed.container());
    Eventually.get("error", Limits.PROVISIONING, crashed::get, is("error"));
    // This change is also accepted, but not applied yet.
    owner.post(crashed.path("/channels/telegram/disconnect")).is(204);
  }

  private static String attempt(Agent agent) {
    return Docker.inspect(agent.container()).at("/Config/Labels/dev.chowder.attempt").asText();
  }

  private void createKeys(Caller owner, Agent hello, Agent sleeper) {
    key(
        owner,
        """
        {"name": "front end", "instance_ids": ["%s"], "permissions": ["read", "interact"],
         "session_prefix": "user-7.", "expires_at": "2099-12-31T00:00:00Z"}
        """
            .formatted(hello.id()));
    key(
        owner,
        """
        {"name": "configurator", "instance_ids": ["%s", "%s"],
         "permissions": ["read", "configure", "files", "channels"]}
        """
            .formatted(hello.id(), sleeper.id()));
    var revoked =
        key(
            owner,
            "{\"name\": \"revoked\", \"instance_ids\": [\"%s\"], \"permissions\": [\"read\"]}"
                .formatted(hello.id()));
    owner.delete("/v1/keys/" + revoked).is(204);
  }

  /** Creates a key, remembers it by its name, and returns its id. */
  private String key(Caller owner, String request) {
    var created = owner.post("/v1/keys", request).is(201);
    keys.put(created.text("name"), created.text("raw_key"));
    return created.text("id");
  }

  /** Creates another organization, with an instance whose agent never ran. */
  private void createNeighbor() {
    var signedUp = new Caller(rest, "").post("/v1/organization/signup", "{\"name\": \"neighbor\"}");
    keys.put("neighbor", signedUp.is(201).text("api_key"));
    var neighbor = new Caller(rest, Objects.requireNonNull(keys.get("neighbor")));
    patch(
        neighbor,
        "/v1/organization",
        """
        {"model_endpoints": {"custom":
          {"base_url": "http://localhost:%d/refusing/v1", "model": "m"}},
         "model_api_keys": {"custom": "sk-of-the-neighbor"}}
        """
            .formatted(servicesPort));
    var neverRan = create(neighbor, "never-ran", Map.of());
    Eventually.get("error", Limits.PROVISIONING, neverRan::get, is("error"));
  }

  private static Agent create(Caller caller, String name, Map<String, String> json) {
    var request = Answer.JSON.createObjectNode().put("name", name).put("model_provider", "custom");
    json.forEach((field, value) -> request.set(field, parsed(value)));
    return Agent.create(caller, request);
  }

  private void connect(Agent agent, String token) {
    var config = Answer.JSON.createObjectNode();
    config
        .putObject("config")
        .put("token", token)
        .put("api_root", "http://localhost:" + servicesPort);
    agent.caller().post(agent.path("/channels/telegram/connect"), config.toString()).is(200);
  }

  private static void patch(Caller caller, String path, String json) {
    caller.send("PATCH", path, json).is(200);
  }

  private static Predicate<Answer> is(String status) {
    return answer -> answer.text("status").equals(status);
  }

  private static JsonNode parsed(String json) {
    try {
      return Answer.JSON.readTree(json);
    } catch (IOException why) {
      throw new AssertionError(json, why);
    }
  }

  private String text(String file) throws IOException {
    return Files.readString(home.resolve(file)).strip();
  }
}
