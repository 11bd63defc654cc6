package dev.chowder.instance;

import java.util.List;

/** The steps that lead to a running gateway, in the order in which a provisioning takes them. */
public enum Stage {
  /** Makes the sandbox from its snapshot. */
  CREATE_SANDBOX("create_sandbox"),
  /** Tries the provider's key, then lets OpenClaw write its first configuration. */
  ONBOARD("onboard"),
  /** Makes the gateway's token and has the gateway demand it. */
  GATEWAY_TOKEN("gateway_token"),
  /** Lets the gateway take messages over HTTP. */
  RESPONSES_ENDPOINT("responses_endpoint"),
  /** Applies the caller's overrides. */
  OPENCLAW_CONFIG("openclaw_config"),
  /** Starts the gateway and waits until it is ready. */
  START_GATEWAY("start_gateway"),
  /** Makes the gateway's public URL lead to it. */
  PUBLISH("publish");

  /** What a new instance goes through. */
  public static final List<Stage> OF_PROVISIONING = List.of(values());

  /** What a stopped instance goes through to run again. */
  public static final List<Stage> OF_START = List.of(OPENCLAW_CONFIG, START_GATEWAY, PUBLISH);

  private final String label;

  Stage(String label) {
    this.label = label;
  }

  /** As the API and the journal write it. */
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
