package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.secret.Secret;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is known of one channel of an instance: what callers asked for, and what became of it in the
 * agent's home. The two are kept apart, since different nodes may write them. Immutable.
 *
 * @param asked what was asked for last
 * @param done what the gateway, or its file, has taken
 */
public record ChannelRecord(DesiredChannel asked, Optional<Done> done) {
  /**
   * What a caller asked for.
   *
   * @param change names this wish: no other one has the same
   * @param enabled whether it is to be connected
   * @param config the fields, also while it is not
   */
  public record DesiredChannel(String change, boolean enabled, Map<String, String> config) {
    public DesiredChannel {
      config = Map.copyOf(config);
    }

    /** For the encrypted table. */
    public Secret toSecret() {
      return Secret.of(json().toString());
    }

    private ObjectNode json() {
      var json = OpenClawConfig.JSON.createObjectNode();
      json.put("change", change).put("enabled", enabled);
      var fields = json.putObject("config");
      new TreeMap<>(config).forEach(fields::put);
      return json;
    }

    /** What {@link #toSecret} made. */
    public static DesiredChannel of(Secret kept) {
      return of(read(kept));
    }

    private static DesiredChannel of(JsonNode json) {
      var config = new TreeMap<String, String>();
      json.path("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
      return new DesiredChannel(
          json.path("change").asText(), json.path("enabled").asBoolean(), config);
    }

    /** Never the fields: they are secrets. */
    @Override
    public String toString() {
      return "Wish[change=" + change + ", enabled=" + enabled + "]";
    }
  }

  /**
   * What became of wishes.
   *
   * @param taken the last one that was taken; empty: none ever was
   * @param inHome whether the home has it, which is made anew sometimes
   * @param refused the change that the gateway refused last; empty: none
   * @param problem why, in OpenClaw's words
   */
  public record Done(
      Optional<DesiredChannel> taken, boolean inHome, String refused, String problem) {
    private static final Done NOTHING = new Done(Optional.empty(), false, "", "");

    /** For the encrypted table. */
    public Secret toSecret() {
      var json = OpenClawConfig.JSON.createObjectNode();
      taken.ifPresent(desired -> json.set("taken", desired.json()));
      json.put("in_home", inHome).put("refused", refused).put("problem", problem);
      return Secret.of(json.toString());
    }

    /** What {@link #toSecret} made. */
    public static Done of(Secret kept) {
      var json = read(kept);
      return new Done(
          json.has("taken") ? Optional.of(DesiredChannel.of(json.get("taken"))) : Optional.empty(),
          json.path("in_home").asBoolean(),
          json.path("refused").asText(),
          json.path("problem").asText());
    }

    /** After the home was made anew. */
    public Done forNewHome() {
      return new Done(taken, false, refused, problem);
    }
  }

  private Done soFar() {
    return done.orElse(Done.NOTHING);
  }

  /** The wish that holds: a refused one never did. */
  public Optional<DesiredChannel> holding() {
    return isRefused() ? soFar().taken() : Optional.of(asked);
  }

  /** What was taken last, whatever was asked for since. */
  public Optional<DesiredChannel> taken() {
    return soFar().taken();
  }

  /** Whether the last wish was refused. */
  public boolean isRefused() {
    return soFar().refused().equals(asked.change());
  }

  /** Why, in OpenClaw's words; empty when it was not. */
  public String problem() {
    return isRefused() ? soFar().problem() : "";
  }

  /** The wish that the home has not seen yet. */
  public Optional<DesiredChannel> pending() {
    return holding()
        .filter(desired -> !(soFar().inHome() && soFar().taken().equals(Optional.of(desired))));
  }

  /** After this one was taken. */
  public Done taken(DesiredChannel desired) {
    return new Done(Optional.of(desired), true, soFar().refused(), soFar().problem());
  }

  /**
   * After this one was refused: it is taken back, since it would keep the gateway from starting.
   */
  public Done refused(DesiredChannel desired, String problem) {
    return new Done(soFar().taken(), soFar().inHome(), desired.change(), problem);
  }

  private static JsonNode read(Secret kept) {
    try {
      return OpenClawConfig.JSON.readTree(kept.reveal());
    } catch (JsonProcessingException broken) {
      // Without the cause: its message quotes the text.
      throw new IllegalStateException("kept channel: not readable (expected: as written)");
    }
  }
}
