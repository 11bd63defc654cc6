package dev.chowder.operate.site;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The variables of an installation: those of the caller, and the defaults that scripts and nodes
 * share. Its processes get them. Not thread-safe.
 */
public final class Variables {
  private static final int MAX_PORT = 65_535;
  private static final int MAX_SECONDS = 1_000_000;

  /**
   * Variables of the command line for users, one of which is a key. No process of an installation
   * reads them.
   */
  private static final Set<String> OF_USERS =
      Set.of("CHOWDER_CONTEXT", "CHOWDER_URL", "CHOWDER_KEY", "CHOWDER_KEY_FILE");

  /** Variables that scripts and nodes share, and their defaults. */
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("CHOWDER_BIND", "127.0.0.1"),
          // The node opens sign-up only if no other machine can reach the installation.
          Map.entry("CHOWDER_SIGN_UP_OPEN", "loopback"),
          Map.entry("CHOWDER_REST_PORT", "8080"),
          Map.entry("CHOWDER_GRPC_PORT", "9090"),
          Map.entry("CHOWDER_OPERATOR_PORT", "9091"),
          Map.entry("CHOWDER_DEMO_MODEL_PORT", "9092"),
          // Only several nodes use it. The ports of each node are ten above those of the previous
          // one.
          Map.entry("CHOWDER_CLUSTER_MANAGEMENT_PORT", "9093"),
          Map.entry("CHOWDER_MONITORING_PORT", "9095"),
          Map.entry("CHOWDER_OPERATOR_REST_PORT", "9096"),
          Map.entry("CHOWDER_LOG_BYTES", "52428800"),
          // Whether systemd starts the installation after a reboot, if the host runs systemd.
          Map.entry("CHOWDER_START_AT_BOOT", "yes"));

  private final Map<String, String> all;

  private Variables(Map<String, String> all) {
    this.all = all;
  }

  /** Returns the variables of the caller, with the defaults of those that are not set. */
  public static Variables of(Map<String, String> environment) {
    var variables = withoutDefaults(environment);
    if (variables.find("HOME").isEmpty()) {
      // A system unit has no HOME.
      variables.set("HOME", System.getProperty("user.home", "/"));
    }
    var home = variables.get("HOME");
    variables.setDefault("CHOWDER_HOME", home + "/.local/share/chowder");
    var caches = variables.find("XDG_CACHE_HOME").orElse(home + "/.cache");
    variables.setDefault("CHOWDER_CACHE", caches + "/chowder");
    DEFAULTS.forEach(variables::setDefault);
    variables.setDefault("CHOWDER_ENVOY_ADMIN_SOCKET", variables.home() + "/run/envoy-admin.sock");
    return variables;
  }

  /** Returns the variables of the caller only. */
  public static Variables withoutDefaults(Map<String, String> environment) {
    var all = new TreeMap<>(environment);
    all.keySet().removeAll(OF_USERS);
    return new Variables(all);
  }

  /** Returns the defaults of the variables that scripts and nodes share. */
  public static Map<String, String> defaults() {
    return DEFAULTS;
  }

  /** Returns a copy, which can change without this. */
  public Variables copy() {
    return new Variables(new TreeMap<>(all));
  }

  public Map<String, String> all() {
    return Collections.unmodifiableMap(all);
  }

  /** Returns a value; empty if it is not set, or set to an empty text. */
  public Optional<String> find(String name) {
    return Optional.ofNullable(all.get(name)).filter(value -> !value.isEmpty());
  }

  /** Returns whether a variable is set, perhaps to an empty text. */
  public boolean has(String name) {
    return all.containsKey(name);
  }

  /** Returns the value of a variable that has a default. */
  public String get(String name) {
    return find(name).orElseThrow(() -> new IllegalStateException(name + " has no default"));
  }

  public void set(String name, String value) {
    all.put(name, value);
  }

  /** Sets a variable that the caller did not set. */
  public void setDefault(String name, String value) {
    if (find(name).isEmpty()) set(name, value);
  }

  public void remove(String name) {
    all.remove(name);
  }

  /** Returns the state directory of the installation. */
  public Path home() {
    return Path.of(get("CHOWDER_HOME")).toAbsolutePath();
  }

  public int port(String name) {
    return number(name, get(name), 1, MAX_PORT);
  }

  /** Fails if a variable with a port of the installation has no port. */
  public void checkPorts() {
    for (var name : new TreeSet<>(DEFAULTS.keySet())) {
      if (name.endsWith("_PORT")) port(name);
    }
  }

  /** Returns a number of seconds. */
  public int seconds(String name, int otherwise) {
    return find(name).map(value -> number(name, value, 0, MAX_SECONDS)).orElse(otherwise);
  }

  /** Returns a whole number. */
  public int number(String name, int otherwise) {
    return find(name).map(value -> number(name, value, 0, Integer.MAX_VALUE)).orElse(otherwise);
  }

  private static int number(String name, String value, int least, int most) {
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) return number;
    } catch (NumberFormatException notANumber) {
      throw refused(name, value, least, most);
    }
    throw refused(name, value, least, most);
  }

  private static CommandException refused(String name, String value, int least, int most) {
    return ExitCode.USAGE.failure(
        must(name, "be a number from %d to %d".formatted(least, most), value));
  }

  /** Leaves out the values, some of which are keys. */
  @Override
  public String toString() {
    return "Variables" + all.keySet();
  }
}
