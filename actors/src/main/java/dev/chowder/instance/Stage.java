package dev.chowder.instance;

import dev.chowder.base.Labelled;
import java.util.List;

/** The stages that lead to a running gateway, in the order of a provisioning. */
public enum Stage implements Labelled {
  /** Creates the sandbox from its snapshot. */
  CREATE_SANDBOX,
  /** Checks the provider's key, then writes the configuration, the key and the token. */
  ONBOARD,
  /**
   * Creates the gateway's token and configures the gateway to require it, if {@link #ONBOARD} did
   * not.
   */
  GATEWAY_TOKEN,
  /** Configures the gateway to accept messages over HTTP, if {@link #ONBOARD} did not. */
  RESPONSES_ENDPOINT,
  /** Applies the caller's overrides. */
  OPENCLAW_CONFIG,
  /** Starts the gateway and waits until it is ready. */
  START_GATEWAY,
  /** Makes the gateway of a pool member do once what its first turn would wait for. */
  WARM_UP,
  /** Routes the gateway's public URL to it. */
  PUBLISH;

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

  public static Stage ofLabel(String label) {
    return Labelled.find(Stage.class, label)
        .orElseThrow(() -> new IllegalArgumentException("stage: " + label));
  }
}
