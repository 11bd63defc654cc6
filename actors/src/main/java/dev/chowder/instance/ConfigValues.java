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
 * References the secrets that hold an instance's configuration. Each change stores its value under
 * a new version before its command is sent, and no value changes afterwards. A value becomes valid
 * when an event names its version, so the instance orders the changes of all nodes.
 *
 * @param overrides the overrides of OpenClaw's configuration
 * @param channels the version of each channel that was ever connected, by channel name
 * @param accepted the most recently accepted versions, newest last; at most {@link #REMEMBERED}
 */
public record ConfigValues(
    OverridesVersion overrides, Map<String, String> channels, List<String> accepted) {
  /** The values of an instance without overrides and channels. */
  public static final ConfigValues NONE =
      new ConfigValues(OverridesVersion.NONE, Map.of(), List.of());

  /**
   * The number of accepted versions that a state remembers. A value must exist while its command
   * can be resent (at most {@code ask-timeout}), and until an effect has read it, which takes
   * milliseconds.
   */
  static final int REMEMBERED = 32;

  public ConfigValues {
    channels = Map.copyOf(channels);
    accepted = List.copyOf(accepted);
  }

  /**
   * The current overrides.
   *
   * @param version the version of their value; empty if there are no overrides
   * @param taken their outcome in the agent's home volume
   */
  public record OverridesVersion(String version, Taken taken) {
    /** No overrides. */
    public static final OverridesVersion NONE = new OverridesVersion("", Taken.PENDING);
  }

  /** The outcome of overrides. */
  public enum Taken {
    /** The home volume may lack some of the overrides. */
    PENDING,
    /** The home volume has all overrides. */
    APPLIED,
    /**
     * The gateway rejected the newest change. The home volume has the previous, valid overrides.
     */
    REFUSED
  }

  /** Returns the values of a new instance; {@code overrides} is empty if it has none. */
  public static ConfigValues ofNew(String overrides) {
    return overrides.isEmpty() ? NONE : NONE.withOverrides(overrides);
  }

  /**
   * Returns whether this version was already accepted. If so, its command was resent and must
   * change nothing. A current version always counts, however many others were accepted after it.
   * Otherwise its resent command would be rejected, and the sender would delete the value.
   */
  boolean remembers(String version) {
    return referenced().contains(version);
  }

  /**
   * Returns whether every version accepted since {@code before} is still remembered. If so, a
   * version that is not remembered was not accepted.
   */
  public boolean remembersAllSince(ConfigValues before) {
    return before.accepted.isEmpty()
        ? accepted.size() < REMEMBERED
        : accepted.contains(before.accepted.getLast());
  }

  /** Returns the versions that are current or recently accepted. Their values must be kept. */
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
   * Returns the values with the outcome of this version of the overrides. Overrides that were
   * accepted later stay pending.
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

  /** Returns whether this version was accepted, and a later one has replaced it. */
  public boolean hasReplaced(String version) {
    return remembers(version)
        && !overrides.version().equals(version)
        && !channels.containsValue(version);
  }
}
