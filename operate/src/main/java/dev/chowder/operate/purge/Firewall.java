package dev.chowder.operate.purge;

import dev.chowder.base.ClusterNames;
import dev.chowder.program.Program;
import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The chains of an installation in the tables of this host, for IPv4 and IPv6.
 *
 * @param root runs iptables
 * @param variant the end of the program's name, {@code -legacy} or nothing
 */
record Firewall(Root root, String variant) {
  private static final Path LEGACY_TABLES = Path.of("/proc/net/ip_tables_names");

  /** Returns whether the host has a legacy table of filters. */
  static boolean hasLegacyTables() {
    try {
      return Files.readAllLines(LEGACY_TABLES).contains("filter");
    } catch (IOException none) {
      return false;
    }
  }

  /** Removes the chains of an installation. */
  void remove(String clusterId) {
    for (var program : List.of("iptables", "ip6tables")) {
      for (var name : List.of("filter", "nat")) {
        var table = new Table(root, program + variant, name);
        chains(table.rules(), clusterId).forEach(table::remove);
      }
    }
  }

  /** Returns the chains of an installation among the lines of {@code iptables -S}. */
  static List<String> chains(List<String> rules, String clusterId) {
    return ClusterNames.chains(clusterId).stream()
        .filter(chain -> rules.contains("-N " + chain))
        .toList();
  }

  /** Returns the rules that jump to a chain, as arguments that follow {@code -D}. */
  static List<List<String>> jumps(List<String> rules, String chain) {
    return rules.stream()
        .filter(rule -> rule.endsWith("-j " + chain))
        .map(rule -> List.of(rule.replaceFirst("^-A ", "").split(" +", -1)))
        .toList();
  }

  private record Table(Root root, String program, String name) {
    /** Returns the chains and rules; none if the host has no such table or program. */
    List<String> rules() {
      return call("-S").attempt().output().lines().toList();
    }

    void remove(String chain) {
      var _ = call("-F", chain).run();
      for (var rule : jumps(rules(), chain)) {
        var words = new ArrayList<>(List.of("-D"));
        words.addAll(rule);
        var _ = call(words.toArray(String[]::new)).run();
      }
      var _ = call("-X", chain).run();
    }

    private Program call(String... words) {
      return root.run(Program.of(program, "-w", "-t", name).and(words));
    }
  }
}
