package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Rejects overrides of the settings that Chowder needs to reach a gateway, protect it and configure
 * its model. Checks names, and values only of the three settings that can disable the admin plugin.
 *
 * <p>OpenClaw (2026.9.6) trims names of providers and environment variables. It also converts names
 * of providers to lower case, so that {@code "OpenAI "} means {@code openai}.
 */
public final class OwnedSettings {
  private static final String ADMIN_PLUGIN = "admin-http-rpc";

  /** The setting that permits uploads of skill archives to a gateway. */
  public static final List<String> ARCHIVES = List.of("skills", "install", "allowUploadedArchives");

  /** The owned settings. All settings below them are owned, too. */
  private static final List<List<String>> OWNED =
      List.of(
          List.of("secrets"),
          ARCHIVES,
          List.of("models", "providers", "anthropic"),
          List.of("models", "providers", "openai"),
          List.of("models", "providers", "google"),
          List.of("models", "providers", "custom"),
          List.of("plugins", "entries", ADMIN_PLUGIN));

  private static final List<String> PROVIDERS = List.of("models", "providers");

  /**
   * The suffix of variables that set a provider's server, to which OpenClaw sends the key: for
   * example {@code OPENAI_BASE_URL}.
   */
  private static final String BASE_URL = "_BASE_URL";

  private OwnedSettings() {}

  static void reject(ObjectNode overrides) {
    rejectOwned(overrides, List.of());
    rejectBaseUrls(overrides.path("env"), List.of("env"));
    rejectBaseUrls(overrides.path("env").path("vars"), List.of("env", "vars"));
    if (overrides.get("gateway") instanceof ObjectNode gateway) {
      for (var entry : gateway.properties()) {
        // Null is rejected too, since it would remove the allowed origin of the public URL.
        boolean controlUi = entry.getKey().equals("controlUi");
        if (!controlUi || !entry.getValue().isObject()) {
          throw owned(List.of("gateway", entry.getKey()));
        }
      }
    } else if (overrides.has("gateway")) {
      throw owned(List.of("gateway"));
    }
    rejectSwitchingOff(overrides.path("plugins"));
  }

  /** Also rejects a parent of an owned setting if its value would replace or remove the setting. */
  private static void rejectOwned(ObjectNode object, List<String> at) {
    for (var entry : object.properties()) {
      var here = OverrideKeys.under(at, entry.getKey());
      // Null is allowed, so that a caller can remove another spelling that was set earlier.
      if (OWNED.contains(here) || (meansOwnedProvider(at, entry) && !entry.getValue().isNull())) {
        throw owned(here);
      }
      if (OWNED.stream().anyMatch(path -> startsWith(path, here))) {
        if (!(entry.getValue() instanceof ObjectNode inner)) throw owned(here);
        rejectOwned(inner, here);
      }
    }
  }

  private static boolean meansOwnedProvider(List<String> at, Map.Entry<String, JsonNode> entry) {
    var meant = trimmed(entry.getKey()).toLowerCase(Locale.ROOT);
    return at.equals(PROVIDERS) && OWNED.contains(OverrideKeys.under(at, meant));
  }

  /** Null is allowed, so that a caller can remove a variable that an earlier version accepted. */
  private static void rejectBaseUrls(JsonNode variables, List<String> at) {
    for (var entry : variables.properties()) {
      var name = trimmed(entry.getKey()).toUpperCase(Locale.ROOT);
      if (name.endsWith(BASE_URL) && !entry.getValue().isNull()) {
        throw owned(OverrideKeys.under(at, entry.getKey()));
      }
    }
  }

  /** Trims like JavaScript. {@link String#strip} keeps no-break spaces and byte order marks. */
  private static String trimmed(String name) {
    int begin = 0;
    int end = name.length();
    while (begin < end && isSpace(name.charAt(begin))) begin++;
    while (begin < end && isSpace(name.charAt(end - 1))) end--;
    return name.substring(begin, end);
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\uFEFF';
  }

  private static void rejectSwitchingOff(JsonNode plugins) {
    if (plugins.path("enabled").isBoolean() && !plugins.path("enabled").booleanValue()) {
      throw owned(List.of("plugins", "enabled"));
    }
    if (names(plugins.path("deny"), ADMIN_PLUGIN)) throw owned(List.of("plugins", "deny"));
    if (plugins.path("allow").isArray() && !names(plugins.path("allow"), ADMIN_PLUGIN)) {
      throw OverrideKeys.refused(
          List.of("plugins", "allow"), rule("have " + ADMIN_PLUGIN + ", because Chowder uses it"));
    }
  }

  private static boolean names(JsonNode array, String name) {
    for (var element : array) {
      if (element.asText().equals(name)) return true;
    }
    return false;
  }

  private static boolean startsWith(List<String> path, List<String> beginning) {
    return path.size() > beginning.size() && path.subList(0, beginning.size()).equals(beginning);
  }

  private static OverrideRefusedException owned(List<String> path) {
    return OverrideKeys.refused(path, rule("be left out, because Chowder sets it"));
  }
}
