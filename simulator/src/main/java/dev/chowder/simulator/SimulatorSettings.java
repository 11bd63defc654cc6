package dev.chowder.simulator;

import com.typesafe.config.ConfigFactory;
import dev.chowder.remote.RemoteSettings;

/**
 * The settings of a simulator that is a process of its own.
 *
 * @param sandboxes what it simulates
 * @param remote the socket on which it serves, and the limits of its calls
 */
record SimulatorSettings(FakeSandboxSettings sandboxes, RemoteSettings remote) {
  /** Reads the settings from the configuration files and the environment. */
  static SimulatorSettings load() {
    var root = ConfigFactory.load();
    return new SimulatorSettings(FakeSandboxSettings.from(root), RemoteSettings.of(root));
  }
}
