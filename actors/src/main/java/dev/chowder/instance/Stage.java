package dev.chowder.instance;

import java.util.List;

/** The stages that lead to a running gateway, in the order of a provisioning. */
public enum Stage {
  /** Creates the sandbox from its snapshot. */
  CREATE_SANDBOX("create_sandbox"),
  /** Checks the provider's key, then writes the configuration, the key and the token. */
  ONBOARD("onboard"),
  /**
   * Creates the gateway's token and configures the gateway to require it, if {@link #ONBOARD} did
   * not.
   */
  GATEWAY_TOKEN("gateway_token"),
  /** Configures the gateway to accept messages over HTTP, if {@link #ONBOARD} did not. */
  RESPONSES_ENDPOINT("responses_endpoint"),
  /** Applies the caller's overrides. */
  OPENCLAW_CONFIG("openclaw_config"),
  /** Starts the gateway and waits until it is ready. */
  START_GATEWAY("start_gateway"),
  /** Makes the gateway of a pool member do once what its first turn would wait for. */
  WARM_UP("warm_up"),
  /** Routes the gateway's public URL to it. */
  PUBLISH("publish");

  /** The stages of a new instance. */
  public static final List<Stage> OF_PROVISIONING =
      List.of(
          CREATE_SANDBOX,
          ONBOARD,
          GATEWAY_TOKEN,
          RESPONSES_ENDPOINT,
          OPENCLAW_CONFIG,
          START_GATEWAY,
          PUBLISH);

  /** The stages of a pool member. */
  public static final List<Stage> OF_WARMING = List.of(values());

  /** The stages of a stopped instance that starts again. */
  public static final List<Stage> OF_START = List.of(OPENCLAW_CONFIG, START_GATEWAY, PUBLISH);

  private final String label;

  Stage(String label) {
    this.label = label;
  }

  /** Returns the name in the API and in the journal. */
  public String label() {
    return label;
  }

  public static Stage ofLabel(String label) {
    for (var stage : values()) {
      if (stage.label.equals(label)) return stage;
    }
    throw new IllegalArgumentException("stage: " + label);
  }
}
