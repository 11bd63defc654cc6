package dev.chowder.operate.boot;

import dev.chowder.operate.process.Background;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Words;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The script that starts an installation with the settings of its last start. It includes no
 * secrets and no keys of model providers, since the organization stores those keys.
 *
 * @param site receives a message for each variable that is omitted
 */
record BootScript(Site site) {
  /** Variables besides CHOWDER_* that decide where {@code scripts/up} finds its tools. */
  private static final List<String> VARIABLES =
      List.of(
          "PATH",
          "HOME",
          "JAVA_HOME",
          "ENVOY_BIN",
          "DOCKER_HOST",
          "DOCKER_CONFIG",
          "DOCKER_CONTEXT",
          "XDG_CACHE_HOME",
          "HTTP_PROXY",
          "HTTPS_PROXY",
          "NO_PROXY",
          "http_proxy",
          "https_proxy",
          "no_proxy");

  /** A shell exports no other names. */
  private static final Pattern SETTING = Pattern.compile("CHOWDER_[A-Za-z0-9_]*");

  private static final Pattern OF_THE_MODEL_OR_A_TEST =
      Pattern.compile("CHOWDER_(MODEL.*|TEST_.*|E2E_.*|SANDBOX_IMAGE)");

  /** A URL with a user and a password, such as a proxy's, with or without a scheme. */
  private static final Pattern PASSWORD = Pattern.compile("(^|://)[^/@]*:[^/@]*@");

  String text(Map<String, String> caller) {
    var text = new StringBuilder();
    text.append("#!/usr/bin/env bash\n");
    text.append("# Written by scripts/up: starts this installation with the settings of the last ");
    text.append("scripts/up.\n");
    var settings = new TreeMap<>(caller);
    settings.keySet().removeIf(name -> !isSetting(name));
    settings.forEach((name, value) -> export(text, name, value));
    for (var name : VARIABLES) {
      var value = caller.getOrDefault(name, "");
      if (!value.isEmpty()) export(text, name, value);
    }
    // Creates no first agent: if that failed, systemd would stop all processes of the unit.
    var up = Layout.quoted(site.layout().root().resolve("scripts/up"));
    return text.append("exec ").append(up).append(" --at-boot\n").toString();
  }

  private static boolean isSetting(String name) {
    return SETTING.matcher(name).matches()
        && !Background.NODE_SECRETS.contains(name)
        && !OF_THE_MODEL_OR_A_TEST.matcher(name).matches();
  }

  private void export(StringBuilder text, String name, String value) {
    if (PASSWORD.matcher(value).find()) {
      site.say(
          name
              + " holds a password, and is not written to the disk: Chowder starts without it"
              + " after a reboot.");
    } else {
      text.append("export ").append(name).append('=').append(Words.quoted(value)).append('\n');
    }
  }
}
