package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Ensures that packets from one sandbox to another pass the firewall. Both are on one bridge, whose
 * packets the kernel filters only with the module {@code br_netfilter}, and only if either the
 * host's setting {@code net.bridge.bridge-nf-call-iptables} or the bridge's own one is on. Does not
 * change the host's setting, because it concerns bridges of others.
 *
 * @param root folder that has {@code proc} and {@code sys}
 */
record BridgedPackets(Path root) {
  /** The setting of one bridge, as {@code ip link} names it, for IPv4 and IPv6. */
  static final String SETTING = "nf_call_iptables 1 nf_call_ip6tables 1";

  /**
   * Turns the setting of the bridge on if it is off, so that it holds whatever the host's is.
   *
   * @param turnOn turns it on and returns the error, or an empty text
   * @return why packets of the bridge are not filtered; empty if they are
   */
  Optional<String> ensure(String bridge, Supplier<String> turnOn) {
    Path host = root.resolve("proc/sys/net/bridge/bridge-nf-call-iptables");
    if (!Files.exists(host)) {
      return Optional.of(
          cannot(
              "filter packets between sandboxes",
              "the kernel module br_netfilter is not loaded",
              "run \"modprobe br_netfilter\""));
    }
    Path own = root.resolve("sys/class/net/" + bridge + "/bridge/nf_call_iptables");
    if (isOn(own)) return Optional.empty();
    String error = turnOn.get();
    if (isOn(own) || isOn(host)) return Optional.empty();
    return Optional.of(
        cannot(
            "filter packets between sandboxes",
            "net.bridge.bridge-nf-call-iptables is 0, and that of %s too: %s"
                .formatted(bridge, error),
            "run \"sysctl -w net.bridge.bridge-nf-call-iptables=1\""));
  }

  private static boolean isOn(Path setting) {
    return "1".equals(read(setting));
  }

  private static @Nullable String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException missing) {
      return null;
    }
  }
}
