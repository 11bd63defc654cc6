package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.CLAWHUB_UNAVAILABLE;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.KEY_INVALID;
import static dev.chowder.api.v1.Reason.KEY_LACKS_PERMISSION;
import static dev.chowder.api.v1.Reason.PATH_NOT_FOUND;
import static dev.chowder.api.v1.Reason.SKILL_NOT_FOUND;
import static dev.chowder.api.v1.Reason.SKILL_NOT_REMOVABLE;
import static dev.chowder.api.v1.Reason.SKILL_REFUSED;
import static dev.chowder.api.v1.Reason.TOO_LARGE;
import static dev.chowder.api.v1.Reason.WRONG_STATE;

import dev.chowder.api.v1.Reason;
import java.util.ArrayList;
import java.util.List;

/** Skills that are invalid, forbidden or not removable. */
final class BadSkills {
  private static final String SKILLS = "/v1/instances/{running}/skills";

  private BadSkills() {}

  static List<BadInput> rows() {
    var rows = new ArrayList<BadInput>();
    for (var slug : List.of("", " ", "..", "../x", "a/b", "@a", "a\\u0000", "a\\n", "a..b", "-a")) {
      install(rows, "the slug «" + slug + "»", "{\"slug\":\"" + slug + "\"}", INVALID_FIELD);
      var folder = "{\"slug\":\"" + slug + "\",\"archive\":\"UEs=\"}";
      install(rows, "the folder «" + slug + "»", folder, INVALID_FIELD);
    }
    install(rows, "a slug of 129", "{\"slug\":\"" + "a".repeat(129) + "\"}", INVALID_FIELD);
    install(rows, "no slug", "{}", INVALID_FIELD);
    install(rows, "a skill that is not JSON", "{\"slug\":", INVALID_FIELD);
    install(rows, "a skill with several sources", "{\"slug\":\"of-many\"}", INVALID_FIELD);
    install(rows, "no such skill at ClawHub", "{\"slug\":\"nobodys\"}", SKILL_NOT_FOUND);
    install(rows, "a skill that is harmful", "{\"slug\":\"malware\"}", SKILL_REFUSED);
    install(rows, "a ClawHub that is silent", "{\"slug\":\"far-away\"}", CLAWHUB_UNAVAILABLE);
    install(rows, "an empty archive", "{\"slug\":\"a\",\"archive\":\"\"}", INVALID_FIELD);
    install(
        rows,
        "an archive that is not a zip",
        "{\"slug\":\"a\",\"archive\":\"UEs=\"}",
        INVALID_FIELD);
    install(
        rows, "an archive that is not Base64", "{\"slug\":\"a\",\"archive\":\"*\"}", INVALID_FIELD);
    install(
        rows,
        "an archive of 2 MiB and more",
        "{\"slug\":\"a\",\"archive\":\"" + "AAAA".repeat(700_000) + "\"}",
        TOO_LARGE);
    install(
        rows,
        "an archive with a version",
        "{\"slug\":\"a\",\"archive\":\"UEs=\",\"version\":\"1\"}",
        INVALID_FIELD);
    for (var env :
        List.of("{\"A-B\":\"x\"}", "{\"\":\"x\"}", "{\"1\":\"x\"}", "{\"A\":\"\\u0000\"}")) {
      install(rows, "the env " + env, "{\"slug\":\"a\",\"env\":" + env + "}", INVALID_FIELD);
      update(rows, "the env " + env, "{\"env\":" + env + "}", INVALID_FIELD);
    }
    update(rows, "an env that is not text", "{\"env\":{\"A\":1}}", INVALID_FIELD);
    update(rows, "a key of 20 KB", "{\"api_key\":\"" + "x".repeat(20_000) + "\"}", TOO_LARGE);
    update(rows, "a key with NUL", "{\"apiKey\":\"a\\u0000\"}", INVALID_FIELD);
    update(
        rows,
        "a config of 70 KB",
        "{\"config\":{\"a\":\"" + "x".repeat(70_000) + "\"}}",
        INVALID_FIELD);
    update(rows, "an invalid config", "{\"config\":[]}", INVALID_FIELD);
    update(
        rows,
        "a config 40 deep",
        "{\"config\":" + "{\"a\":".repeat(40) + "1" + "}".repeat(40) + "}",
        INVALID_FIELD);
    for (var query : List.of("page_size=0", "page_size=501", "eligible_only=maybe", "all=1")) {
      row(rows, "skills with " + query, "GET " + SKILLS + "?" + query, INVALID_FIELD);
    }
    for (var name : List.of("absent", "..%2fx", "a%20b", "%C3%A9")) {
      row(rows, "the skill «" + name + "»", "GET " + SKILLS + "/" + name, SKILL_NOT_FOUND);
      row(rows, "no more «" + name + "»", "DELETE " + SKILLS + "/" + name, SKILL_NOT_FOUND);
      rows.add(
          BadInput.of("other «" + name + "»", "PATCH " + SKILLS + "/" + name, SKILL_NOT_FOUND)
              .json("{\"enabled\":false}"));
    }
    for (var name : List.of("a%0Ab", "a%00", "x".repeat(129), "%20")) {
      var shown = name.length() > 60 ? "of 129" : name;
      row(rows, "the skill «" + shown + "»", "GET " + SKILLS + "/" + name, INVALID_FIELD);
      row(rows, "no more «" + shown + "»", "DELETE " + SKILLS + "/" + name, INVALID_FIELD);
    }
    row(
        rows,
        "a removal of OpenClaw's own skill",
        "DELETE " + SKILLS + "/weather",
        SKILL_NOT_REMOVABLE);
    row(rows, "no such call of skills", "PUT " + SKILLS, PATH_NOT_FOUND);
    callers(rows);
    return rows;
  }

  private static void callers(List<BadInput> rows) {
    for (var call : List.of("GET %s", "GET %s/weather", "DELETE %s/weather")) {
      var own = call.formatted(SKILLS);
      rows.add(BadInput.of("without a key: " + own, own, KEY_INVALID).without("Authorization"));
      rows.add(
          BadInput.of("a key that may only read: " + own, own, KEY_LACKS_PERMISSION)
              .key("reader_key"));
      for (var id : List.of("{foreign}", "{deleted}", "nope")) {
        var other = call.formatted("/v1/instances/" + id + "/skills");
        row(rows, "another organization's: " + other, other, INSTANCE_NOT_FOUND);
      }
      var asleep = call.formatted("/v1/instances/{stopped}/skills");
      row(rows, "stopped: " + asleep, asleep, WRONG_STATE);
      var young = call.formatted("/v1/instances/{provisioning}/skills");
      rows.add(BadInput.of("provisioning: " + young, young, WRONG_STATE).key("slow_key"));
    }
  }

  private static void row(List<BadInput> rows, String what, String call, Reason reason) {
    rows.add(BadInput.of(what, call, reason));
  }

  private static void install(List<BadInput> rows, String what, String json, Reason reason) {
    rows.add(BadInput.of("install: " + what, "POST " + SKILLS + "/install", reason).json(json));
  }

  private static void update(List<BadInput> rows, String what, String json, Reason reason) {
    rows.add(BadInput.of("configure: " + what, "PATCH " + SKILLS + "/weather", reason).json(json));
  }
}
