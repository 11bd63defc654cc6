package dev.chowder.instance;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.chowder.secret.SecretNames;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Names the values in the table of secrets that an instance's configuration consists of. A value is
 * written under a new version before the change is sent, and never changes. It becomes valid once
 * an event names its version. So the instance orders the changes of all nodes.
 *
 * @param overrides the overrides of OpenClaw's configuration
 * @param channels the version of each channel that was ever connected, by the channel's name
 * @param accepted the versions that were accepted last, the newest last; at most {@link
 *     #REMEMBERED}
 */
public record ConfigValues(
    OverridesVersion overrides, Map<String, String> channels, List<String> accepted) {
  /** Nothing was ever configured. */
  public static final ConfigValues NONE =
      new ConfigValues(OverridesVersion.NONE, Map.of(), List.of());

  /**
   * How many accepted versions a state remembers. The value of a version must exist while its
   * command is resent, at most {@code ask-timeout}, and until an effect has read it, milliseconds
   * after the version.
   */
  static final int REMEMBERED = 32;

  public ConfigValues {
    channels = Map.copyOf(channels);
    accepted = List.copyOf(accepted);
  }

  /**
   * The current overrides.
   *
   * @param version names the value; empty if there are none
   * @param taken its outcome in the agent's home
   */
  public record OverridesVersion(String version, Taken taken) {
    /** No overrides. */
    public static final OverridesVersion NONE = new OverridesVersion("", Taken.PENDING);
  }

  /** The outcome of overrides. */
  public enum Taken {
    /** The home may lack changes of the value. */
    PENDING,
    /** The home has all of them. */
    APPLIED,
    /** The gateway rejected the newest changes; the home has those before them, which are valid. */
    REFUSED
  }

  /** Returns the values of a new instance; {@code overrides} is empty if it has none. */
  public static ConfigValues ofNew(String overrides) {
    return overrides.isEmpty() ? NONE : NONE.withOverrides(overrides);
  }

  /**
   * Returns whether this version was accepted before: its command is resent and must change
   * nothing. A version that holds counts, however many others were accepted after it. If its
   * command were rejected, the sender would delete the value.
   */
  boolean remembers(String version) {
    return referenced().contains(version);
  }

  /**
   * Whether every version that was accepted since {@code before} is still remembered here. If so, a
   * version that is not remembered was not accepted.
   */
  public boolean remembersAllSince(ConfigValues before) {
    return before.accepted.isEmpty()
        ? accepted.size() < REMEMBERED
        : accepted.contains(before.accepted.getLast());
  }

  /** Returns the versions whose values must be kept. */
  @JsonIgnore
  public Set<String> referenced() {
    var all = new HashSet<>(accepted);
    all.addAll(channels.values());
    all.add(overrides.version());
    all.remove("");
    return all;
  }

  ConfigValues withOverrides(String version) {
    return new ConfigValues(
        new OverridesVersion(version, Taken.PENDING), channels, remembering(version));
  }

  ConfigValues withChannel(String channel, String version) {
    var all = new TreeMap<>(channels);
    all.put(channel, version);
    return new ConfigValues(overrides, all, remembering(version));
  }

  /**
   * Returns the values with the outcome of these overrides; overrides accepted meanwhile stay
   * pending.
   */
  ConfigValues taken(String version, Taken taken) {
    return overrides.taken() == Taken.PENDING && overrides.version().equals(version)
        ? new ConfigValues(new OverridesVersion(version, taken), channels, accepted)
        : this;
  }

  private List<String> remembering(String version) {
    if (version.equals(SecretNames.UNVERSIONED)) return accepted;
    var kept = accepted.stream().skip(Math.max(0, accepted.size() + 1 - REMEMBERED));
    return Stream.concat(kept, Stream.of(version)).toList();
  }
}
