package dev.chowder.operate.model;

import static dev.chowder.base.ErrorText.must;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.chowder.api.operator.v1.ListHostPortsResponse;
import dev.chowder.api.operator.v1.OpenHostPortRequest;
import dev.chowder.base.Sha256;
import dev.chowder.cli.command.Json;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Api;
import dev.chowder.client.Call;
import dev.chowder.operate.organization.Operator;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Configures the chosen model in the organization. Keys pass from the environment to the API, and
 * never through an argument, a file or a message.
 */
public record ModelSettings(Site site, ModelChoice choice) {
  /** The file with a hash of the last settings, so that a start does not undo later changes. */
  private static final String TOLD_FILE = "model-told";

  private static final int DIGEST_DIGITS = 32;

  /** A base URL on this machine: its scheme, and its port if it names one. */
  private static final Pattern LOCALHOST =
      Pattern.compile("(https?)://localhost\\.?(?::([0-9]+))?(?:/.*)?", Pattern.CASE_INSENSITIVE);

  /** An escaped character of a JSON text: one of two line separators with its code, or another. */
  private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u(202[89])|.)");

  private static final int HTTP = 80;
  private static final int HTTPS = 443;

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  /** Configures the model if its settings have changed. */
  public void ensure(Operator operator, Api api) {
    openPorts(operator);
    var settings = json();
    if (settings.isEmpty()) return;
    var digest = digest(settings);
    if (site.text(TOLD_FILE).filter(digest::equals).isPresent()) return;
    var _ = api.send(Call.again("PATCH", "/v1/organization").json(GSON.toJson(body(settings))));
    site.write(ModelChoice.FILE, choice.label() + "\n");
    site.write(TOLD_FILE, digest + "\n");
  }

  /**
   * Permits base URLs with the localhost ports of this start. Otherwise the server accepts only the
   * ports in its list.
   */
  private void openPorts(Operator operator) {
    for (int port : ports()) {
      var _ =
          operator.call(
              OpenHostPortRequest.newBuilder().setPort(port).build(),
              ListHostPortsResponse.getDefaultInstance());
    }
  }

  private List<Integer> ports() {
    var ports = new ArrayList<Integer>();
    portOfThisMachine(variable("CHOWDER_MODEL_BASE_URL")).ifPresent(ports::add);
    var demo = new DemoModel(site);
    if (demo.isUsed()) ports.add(demo.port());
    return ports;
  }

  /** Returns the port of a URL if its host is localhost. */
  static Optional<Integer> portOfThisMachine(String url) {
    var match = LOCALHOST.matcher(url);
    if (!match.matches()) return Optional.empty();
    var port = match.group(2);
    if (port != null) return Optional.of(number(port));
    return Optional.of(match.group(1).equalsIgnoreCase("https") ? HTTPS : HTTP);
  }

  private static int number(String port) {
    try {
      return Integer.parseInt(port);
    } catch (NumberFormatException tooLarge) {
      throw ExitCode.USAGE.failure(
          must("CHOWDER_MODEL_BASE_URL", "have a port up to 65535", port), tooLarge);
    }
  }

  /** Returns the settings as fields of an organization; empty if there are none to change. */
  JsonObject json() {
    return switch (choice) {
      case ANTHROPIC, OPENAI, GEMINI -> keys();
      case CUSTOM -> custom();
      case DEMO -> endpoint("http://localhost:%s/v1".formatted(variable(DemoModel.PORT)), "demo");
    };
  }

  /** Returns the keys of all providers, so that agents may use each of them. */
  private JsonObject keys() {
    var keys = new JsonObject();
    for (var one : List.of(ModelChoice.ANTHROPIC, ModelChoice.OPENAI, ModelChoice.GEMINI)) {
      if (one.isSet(site.variables())) keys.addProperty(one.label(), variable(one.variable()));
    }
    return keys.isEmpty() ? keys : Json.of("model_api_keys", keys);
  }

  private JsonObject custom() {
    var url = variable("CHOWDER_MODEL_BASE_URL");
    if (url.isEmpty()) return new JsonObject();
    var settings = endpoint(url, variable("CHOWDER_MODEL"));
    var key = variable("CHOWDER_MODEL_KEY");
    if (!key.isEmpty()) settings.add("model_api_keys", Json.of("custom", key));
    return settings;
  }

  private static JsonObject endpoint(String url, String model) {
    var custom = Json.of("base_url", url);
    custom.addProperty("model", model);
    return Json.of("model_endpoints", Json.of("custom", custom));
  }

  /** The demo model needs no key, and must not get one that is stored for another server. */
  private JsonObject body(JsonObject settings) {
    var body = settings.deepCopy();
    if (choice == ModelChoice.DEMO) body.add("model_api_keys", Json.of("custom", ""));
    return body;
  }

  private String variable(String name) {
    Variables variables = site.variables();
    return variables.find(name).orElse("");
  }

  /** Returns a hash of the settings, which earlier versions computed of the same text. */
  String digest(JsonObject settings) {
    var text = text(settings) + "\n";
    return Sha256.hex(text).substring(0, DIGEST_DIGITS);
  }

  /** Returns the JSON text that jq prints, with which earlier versions computed the hash. */
  String text(JsonObject settings) {
    // Gson escapes two characters that jq does not, and not DEL.
    return ESCAPE
        .matcher(GSON.toJson(settings))
        .replaceAll(escape -> Matcher.quoteReplacement(unescaped(escape)))
        .replace("\u007f", "\\u007f");
  }

  private static String unescaped(MatchResult escape) {
    var digits = escape.group(1);
    return digits == null ? escape.group() : Character.toString(HexFormat.fromHexDigits(digits));
  }
}
