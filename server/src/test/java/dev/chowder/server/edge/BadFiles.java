package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.FILE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.KEY_INVALID;
import static dev.chowder.api.v1.Reason.KEY_LACKS_PERMISSION;
import static dev.chowder.api.v1.Reason.PATH_NOT_FOUND;
import static dev.chowder.api.v1.Reason.TOO_LARGE;
import static dev.chowder.api.v1.Reason.WRONG_STATE;

import dev.chowder.api.v1.Reason;
import java.util.ArrayList;
import java.util.List;

/** Paths that leave a workspace or are invalid, and callers without permission. */
final class BadFiles {
  private static final String FILES = "/v1/instances/{running}/files";

  /** Encoded as in a query. */
  private static final List<String> BAD_PATHS =
      List.of(
          "",
          "..",
          "../openclaw.json",
          "a/../../openclaw.json",
          "a/..",
          "%2e%2e/openclaw.json",
          "..%2fopenclaw.json",
          "%2Fetc%2Fpasswd",
          "/etc/passwd",
          "/proc/self/environ",
          "a//b",
          "a/",
          "./a",
          "a/./b",
          "a%0Ab",
          "a%00",
          "a%00.txt",
          "a%0D",
          "a%5Cb",
          "a%E2%80%AEb",
          "a%C2%85b",
          "%FF",
          "a%C3%28",
          "%ED%A0%80",
          "x".repeat(256),
          "x/".repeat(128) + "x",
          "%C3%A9".repeat(128));

  private BadFiles() {}

  static List<BadInput> rows() {
    var rows = new ArrayList<BadInput>();
    for (var path : BAD_PATHS) {
      row(rows, "a list of «" + path + "»", "GET " + FILES + "?path=" + path, INVALID_FIELD);
      row(rows, "the file «" + path + "»", "GET " + FILES + "/content?path=" + path, INVALID_FIELD);
      row(rows, "a deletion of «" + path + "»", "DELETE " + FILES + "?path=" + path, INVALID_FIELD);
    }
    for (var path : List.of(".", "", "..", "/a", "a\\\\b", "a\\u0000b", "a\\nb", "a\\ud800b")) {
      var json = "{\"path\":\"" + path + "\",\"content\":\"x\"}";
      json(rows, "a write to «" + path + "»", "PUT " + FILES + "/content", json, INVALID_FIELD);
      json(rows, "a folder «" + path + "»", "POST " + FILES + "/mkdir", json, INVALID_FIELD);
      json(
          rows,
          "a move of «" + path + "»",
          "POST " + FILES + "/move",
          "{\"source\":\"" + path + "\",\"destination\":\"x\"}",
          INVALID_FIELD);
      json(
          rows,
          "a move to «" + path + "»",
          "POST " + FILES + "/move",
          "{\"source\":\"x\",\"destination\":\"" + path + "\"}",
          INVALID_FIELD);
    }
    json(
        rows,
        "a write to a path of 4097 bytes",
        "PUT " + FILES + "/content",
        "{\"path\":\"" + "x/".repeat(2048) + "x\",\"content\":\"x\"}",
        INVALID_FIELD);
    json(
        rows,
        "a write larger than a message",
        "PUT " + FILES + "/content",
        "{\"path\":\"a\",\"content\":\"" + "x".repeat(1_100_000) + "\"}",
        TOO_LARGE);
    json(rows, "a write without a path", "PUT " + FILES + "/content", "{}", INVALID_FIELD);
    json(
        rows, "a write that is not JSON", "PUT " + FILES + "/content", "{\"path\":", INVALID_FIELD);
    row(rows, "the workspace deleted", "DELETE " + FILES + "?path=.&recursive=true", INVALID_FIELD);
    row(rows, "the workspace as a file", "GET " + FILES + "/content?path=.", INVALID_FIELD);
    for (var query :
        List.of("page_size=0", "page_size=501", "page_token=a/b", "page_token=..", "all=1")) {
      row(rows, "files with " + query, "GET " + FILES + "?" + query, INVALID_FIELD);
    }
    row(rows, "no such file", "GET " + FILES + "/content?path=absent", FILE_NOT_FOUND);
    row(rows, "no such folder", "GET " + FILES + "?path=absent", FILE_NOT_FOUND);
    row(rows, "a deletion of nothing", "DELETE " + FILES + "?path=absent", FILE_NOT_FOUND);
    row(rows, "no such call", "PATCH " + FILES, PATH_NOT_FOUND);
    json(
        rows,
        "a move of nothing",
        "POST " + FILES + "/move",
        "{\"source\":\"absent\",\"destination\":\"x\"}",
        FILE_NOT_FOUND);
    callers(rows);
    return rows;
  }

  private static void callers(List<BadInput> rows) {
    for (var call :
        List.of("GET %s", "GET %s/content?path=a", "GET %s/export", "DELETE %s?path=a")) {
      var own = call.formatted(FILES);
      rows.add(BadInput.of("without a key: " + own, own, KEY_INVALID).without("Authorization"));
      rows.add(
          BadInput.of("a key that may only read: " + own, own, KEY_LACKS_PERMISSION)
              .key("reader_key"));
      for (var id : List.of("{foreign}", "{deleted}", "nope")) {
        var other = call.formatted("/v1/instances/" + id + "/files");
        row(rows, "another organization's: " + other, other, INSTANCE_NOT_FOUND);
      }
      var young = call.formatted("/v1/instances/{provisioning}/files");
      rows.add(BadInput.of("provisioning: " + young, young, WRONG_STATE).key("slow_key"));
    }
  }

  private static void row(List<BadInput> rows, String what, String call, Reason reason) {
    rows.add(BadInput.of(shortened(what), call, reason));
  }

  private static void json(
      List<BadInput> rows, String what, String call, String json, Reason reason) {
    rows.add(BadInput.of(shortened(what), call, reason).json(json));
  }

  private static String shortened(String what) {
    return what.length() > 60 ? what.substring(0, 60) + " (" + what.length() + ")" : what;
  }
}
