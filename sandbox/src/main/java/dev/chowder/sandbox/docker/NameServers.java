package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds the DNS servers for sandboxes: the configured ones, or else those that the engine gives to
 * containers.
 */
final class NameServers {
  private static final Path RESOLV = Path.of("/etc/resolv.conf");

  /**
   * The file with the real servers of systemd-resolved, whose own 127.0.0.53 does not work in a
   * container.
   */
  private static final Path RESOLVED = Path.of("/run/systemd/resolve/resolv.conf");

  private NameServers() {}

  /**
   * Returns IPv4 addresses only, because the sandboxes' network has no IPv6. Never returns a
   * loopback address of the host's files.
   */
  static List<String> of(List<String> configured) {
    return configured.isEmpty()
        ? Stream.of(RESOLV, RESOLVED).flatMap(NameServers::read).distinct().toList()
        : configured;
  }

  private static Stream<String> read(Path file) {
    try {
      return parse(Files.readAllLines(file)).stream();
    } catch (IOException missing) {
      return Stream.empty();
    }
  }

  static List<String> parse(List<String> lines) {
    return lines.stream()
        .map(String::strip)
        .filter(line -> line.startsWith("nameserver"))
        .map(line -> line.substring("nameserver".length()).strip())
        .filter(address -> address.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}"))
        .filter(address -> !address.startsWith("127."))
        .toList();
  }
}
