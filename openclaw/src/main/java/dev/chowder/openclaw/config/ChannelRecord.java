package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.must;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.secret.Secret;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Stores the desired and the applied state of one channel of an instance. They are separate,
 * because different nodes may write them. Immutable.
 *
 * @param desired the last request of a caller
 * @param applied the state in the agent's home volume; empty if no request was processed yet
 */
public record ChannelRecord(DesiredChannel desired, Optional<AppliedChannel> applied) {
  /**
   * Stores a caller's request.
   *
   * @param change the unique id of this request
   * @param enabled whether the channel is to be connected
   * @param config the fields, which are kept while the channel is disconnected
   */
  public record DesiredChannel(String change, boolean enabled, Map<String, String> config) {
    public DesiredChannel {
      config = Map.copyOf(config);
    }

    /** Returns the value for the encrypted table. */
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

    /** Reads the value that {@link #toSecret} returned. */
    public static DesiredChannel of(Secret stored) {
      return of(read(stored));
    }

    private static DesiredChannel of(JsonNode json) {
      var config = new TreeMap<String, String>();
      json.path("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
      return new DesiredChannel(
          json.path("change").asText(), json.path("enabled").asBoolean(), config);
    }

    /** Leaves out the fields, because they are secrets. */
    @Override
    public String toString() {
      return "DesiredChannel[change=" + change + ", enabled=" + enabled + "]";
    }
  }

  /**
   * Stores the result of the requests. The JSON keys are older than the names of the components.
   *
   * @param last the last request that was applied; empty if none was
   * @param inHome whether the home volume has {@code last}; false after the volume was recreated
   * @param rejected the id of the request that the gateway rejected last; empty if none
   * @param problem the reason for the rejection, in OpenClaw's words
   */
  public record AppliedChannel(
      Optional<DesiredChannel> last, boolean inHome, String rejected, String problem) {
    private static final AppliedChannel NONE = new AppliedChannel(Optional.empty(), false, "", "");

    /** Returns the value for the encrypted table. */
    public Secret toSecret() {
      var json = OpenClawConfig.JSON.createObjectNode();
      last.ifPresent(desired -> json.set("taken", desired.json()));
      json.put("in_home", inHome).put("refused", rejected).put("problem", problem);
      return Secret.of(json.toString());
    }

    /** Reads the value that {@link #toSecret} returned. */
    public static AppliedChannel of(Secret stored) {
      var json = read(stored);
      return new AppliedChannel(
          json.has("taken") ? Optional.of(DesiredChannel.of(json.get("taken"))) : Optional.empty(),
          json.path("in_home").asBoolean(),
          json.path("refused").asText(),
          json.path("problem").asText());
    }

    /** Returns the state after the home volume was recreated. */
    public AppliedChannel forNewHome() {
      return new AppliedChannel(last, false, rejected, problem);
    }
  }

  private AppliedChannel appliedOrNone() {
    return applied.orElse(AppliedChannel.NONE);
  }

  /** Returns the request in effect, which is never a rejected one; empty if there is none. */
  public Optional<DesiredChannel> effective() {
    return isRejected() ? lastApplied() : Optional.of(desired);
  }

  /** Returns the request that was applied last; newer requests may be pending. */
  public Optional<DesiredChannel> lastApplied() {
    return appliedOrNone().last();
  }

  /** Returns whether the gateway rejected the last request. */
  public boolean isRejected() {
    return appliedOrNone().rejected().equals(desired.change());
  }

  /** Returns the reason for the rejection, in OpenClaw's words; empty if there was none. */
  public String problem() {
    return isRejected() ? appliedOrNone().problem() : "";
  }

  /** Returns the request that the home volume does not have yet; empty if it has the last one. */
  public Optional<DesiredChannel> pending() {
    return effective()
        .filter(
            request -> !(appliedOrNone().inHome() && lastApplied().equals(Optional.of(request))));
  }

  /** Returns the state after this request was applied. */
  public AppliedChannel withApplied(DesiredChannel request) {
    return new AppliedChannel(
        Optional.of(request), true, appliedOrNone().rejected(), appliedOrNone().problem());
  }

  /**
   * Returns the state after the gateway rejected this request. The request is dropped, since in the
   * home volume it would keep the gateway from starting.
   */
  public AppliedChannel withRejected(DesiredChannel request, String problem) {
    return new AppliedChannel(lastApplied(), appliedOrNone().inHome(), request.change(), problem);
  }

  private static JsonNode read(Secret stored) {
    try {
      return OpenClawConfig.JSON.readTree(stored.reveal());
    } catch (JsonProcessingException invalid) {
      // The cause is left out, because its message quotes the text.
      throw new IllegalStateException(must("stored channel", "be JSON"));
    }
  }
}
