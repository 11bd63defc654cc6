package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Whom sandboxes ask for names: what is configured, else what the engine hands on to containers.
 */
final class NameServers {
  private static final Path RESOLV = Path.of("/etc/resolv.conf");

  /** Where systemd-resolved keeps the real ones; its own 127.0.0.53 is of no use to a container. */
  private static final Path RESOLVED = Path.of("/run/systemd/resolve/resolv.conf");

  private NameServers() {}

  /** IPv4 only, since the sandboxes' network has no IPv6; never a loopback address. */
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
