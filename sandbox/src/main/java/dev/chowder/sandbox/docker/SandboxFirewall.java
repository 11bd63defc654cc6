package dev.chowder.sandbox.docker;

import dev.chowder.base.ClusterNames;
import dev.chowder.base.HostNetworks;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.docker.TimedPrograms.Result;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maintains this host's firewall so that sandboxes reach the internet and nothing else. Changes
 * only its own chains and the jumps to them. Does not know which sandboxes exist. The caller makes
 * one call at a time.
 */
final class SandboxFirewall {
  private static final Logger log = LoggerFactory.getLogger(SandboxFirewall.class);
  private static final String DOCKER_USER = "DOCKER-USER";
  private static final List<String> IPV4 = List.of("iptables", "iptables-nft", "iptables-legacy");
  private static final List<String> IPV6 =
      List.of("ip6tables", "ip6tables-nft", "ip6tables-legacy");

  private final DockerSandboxSettings settings;
  private final String searchPath;
  private final BridgedPackets bridged;
  private final List<FirewallRules.Destination> destinations;
  private @Nullable String lastFailure;

  /**
   * The reason why connections were not limited at the last check; null if they were, or if no
   * limit is set.
   */
  private @Nullable String unlimitedBecause;

  /** Null before the first check that put all rules in place. */
  private @Nullable Applied applied;

  /**
   * Rules that this node put in place.
   *
   * @param input the input of the command
   * @param listed the rules of the chains, as the kernel listed them afterwards
   */
  private record Applied(String input, List<String> listed) {}

  /** A command of an earlier check that was killed and did not end; null if there is none. */
  private @Nullable Process hung;

  SandboxFirewall(DockerSandboxSettings settings) {
    this(settings, Iptables.SEARCH_PATH, new BridgedPackets(Path.of("/")));
  }

  /**
   * Creates the firewall.
   *
   * @param searchPath directories of the commands, separated as in {@code PATH}
   */
  SandboxFirewall(DockerSandboxSettings settings, String searchPath, BridgedPackets bridged) {
    this.settings = settings;
    this.searchPath = searchPath;
    this.bridged = bridged;
    this.destinations = settings.mayReach().stream().map(FirewallRules.Destination::parse).toList();
  }

  /**
   * Puts the rules in place. Changes nothing if they already are.
   *
   * @param hostPorts ports that sandboxes may reach; empty if this node does not know them yet.
   *     Rules that are in place then stay as they are. All nodes of the host share them, and rules
   *     without the ports would block those that sandboxes of other nodes use.
   * @return why the rules are not in place, such as a command that took longer than {@code
   *     firewall-timeout}; empty if they are
   */
  Optional<String> apply(DockerNetwork.Bridge bridge, Optional<Set<Integer>> hostPorts) {
    Optional<String> failure = applyInTime(bridge, hostPorts);
    if (failure.isPresent() && !failure.get().equals(lastFailure)) {
      log.warn(
          "sandboxes are not isolated: {}; until this is repaired they may reach this host's ports,"
              + " private networks, metadata addresses (169.254.169.254) and each other",
          failure.get());
    }
    if (failure.isEmpty() && lastFailure != null) {
      log.info("firewall={} event=in-place", FirewallRules.forwardChain(settings.clusterId()));
    }
    lastFailure = failure.orElse(null);
    return failure;
  }

  private Optional<String> applyInTime(
      DockerNetwork.Bridge bridge, Optional<Set<Integer>> hostPorts) {
    if (hung != null && hung.isAlive()) {
      // Another command would wait for the same lock of the kernel, and could not be killed either.
      return Optional.of(
          "process %d, which was killed, still changes the firewall".formatted(hung.pid()));
    }
    var programs = new TimedPrograms(settings.firewallTimeout());
    try {
      return tryApply(programs, bridge, hostPorts);
    } catch (SandboxException late) {
      if (late.reason() != Reason.TIMED_OUT) throw late;
      return Optional.of(String.valueOf(late.getMessage()));
    } finally {
      hung = programs.hung();
    }
  }

  private Optional<String> tryApply(
      TimedPrograms programs, DockerNetwork.Bridge bridge, Optional<Set<Integer>> hostPorts) {
    if (!settings.dockerHost().startsWith("unix:")) {
      return Optional.of(
          "the engine is on another machine ("
              + settings.dockerHost()
              + "), and Chowder cannot change that firewall");
    }
    Optional<Iptables> found = Iptables.find(programs, IPV4, DOCKER_USER, searchPath);
    if (found.isEmpty()) {
      return Optional.of(
          "iptables is missing or this user may not run it; run Chowder as root or allow sudo"
              + " without a password");
    }
    Iptables iptables = found.get();
    String forward = FirewallRules.forwardChain(settings.clusterId());
    String input = FirewallRules.inputChain(settings.clusterId());
    List<String> listed = list(iptables);
    boolean wasInPlace = isInPlace(listed, bridge);
    Set<Integer> ports = hostPorts.orElse(Set.of());
    String wanted = rules(bridge, ports, settings.maxConnections());
    // To replace equal rules would reset the kernel's counts of connections.
    boolean isCurrent =
        hostPorts.isEmpty() || new Applied(wanted, ownRules(listed)).equals(applied);
    if (!wasInPlace || !isCurrent) {
      Result restored = replace(iptables, bridge, ports, wanted);
      if (!restored.ok()) {
        return Optional.of("iptables-restore: " + restored.output());
      }
    }
    String hook = iptables.run("-C", "FORWARD", "-j", DOCKER_USER).ok() ? DOCKER_USER : "FORWARD";
    Optional<String> failure =
        hookFirst(iptables, hook, "-o " + bridge.interfaceName() + " -j " + forward)
            .or(() -> hookFirst(iptables, hook, "-i " + bridge.interfaceName() + " -j " + forward))
            .or(
                () ->
                    hookFirst(iptables, "INPUT", "-i " + bridge.interfaceName() + " -j " + input));
    if (failure.isEmpty()) {
      applyIpv6(programs, bridge);
    }
    return failure.or(
        () -> bridged.ensure(bridge.interfaceName(), () -> filterBridge(iptables, bridge)));
  }

  private String filterBridge(Iptables iptables, DockerNetwork.Bridge bridge) {
    var words = "link set dev " + bridge.interfaceName() + " type bridge " + BridgedPackets.SETTING;
    return iptables
        .other("ip", searchPath, words.split(" ", -1))
        .map(Result::output)
        .orElse("the command ip is missing");
  }

  /**
   * Replaces the rules. If the kernel has no connlimit, applies all other rules, which matter more.
   * Each check tries again, since the module may be loaded later. If the limit is in place, the
   * kernel supports it, so the failure has another cause. The current rules then stay until the
   * next check.
   */
  private Result replace(
      Iptables iptables, DockerNetwork.Bridge bridge, Set<Integer> hostPorts, String wanted) {
    applied = null;
    Result limited = iptables.restore(wanted);
    if (limited.ok()) {
      applied = new Applied(wanted, ownRules(list(iptables)));
      if (unlimitedBecause != null) {
        log.info("event=connections-limited most={}", settings.maxConnections());
      }
      unlimitedBecause = null;
      return limited;
    }
    if (settings.maxConnections() == 0 || limitsConnections(iptables)) return limited;
    Result unlimited = iptables.restore(rules(bridge, hostPorts, 0));
    if (unlimited.ok() && !limited.output().equals(unlimitedBecause)) {
      log.warn(
          "connections of sandboxes are not limited until a later check succeeds:"
              + " iptables-restore: {}",
          limited.output());
      unlimitedBecause = limited.output();
    }
    return unlimited;
  }

  private boolean limitsConnections(Iptables iptables) {
    return iptables
        .run("-S", FirewallRules.forwardChain(settings.clusterId()))
        .output()
        .contains(" connlimit ");
  }

  private String rules(DockerNetwork.Bridge bridge, Set<Integer> hostPorts, int maxConnections) {
    return FirewallRules.ipv4(
        settings.clusterId(),
        bridge,
        hostPorts,
        NameServers.of(settings.nameServers()),
        destinations,
        HostNetworks.connected(),
        maxConnections);
  }

  private static List<String> list(Iptables iptables) {
    return iptables.run("-S").output().lines().toList();
  }

  /** Returns the rules of the own chains in a listing. */
  private List<String> ownRules(List<String> listed) {
    var chains = ClusterNames.chains(settings.clusterId());
    return listed.stream()
        .filter(rule -> chains.stream().anyMatch(chain -> rule.startsWith("-A " + chain + " ")))
        .toList();
  }

  /** Returns whether the chains have rules and packets of sandboxes reach them. */
  private boolean isInPlace(List<String> rules, DockerNetwork.Bridge bridge) {
    return Stream.of(
            FirewallRules.forwardChain(settings.clusterId()),
            FirewallRules.inputChain(settings.clusterId()))
        .allMatch(
            chain ->
                rules.stream().anyMatch(rule -> rule.startsWith("-A " + chain + " "))
                    && rules.stream()
                        .anyMatch(
                            rule ->
                                rule.endsWith(" -i " + bridge.interfaceName() + " -j " + chain)));
  }

  private void applyIpv6(TimedPrograms programs, DockerNetwork.Bridge bridge) {
    Iptables.find(programs, IPV6, DOCKER_USER, searchPath)
        .ifPresent(
            ip6tables -> {
              // A second protection only. The network has no IPv6, so a host without ip6tables is
              // equally safe.
              if (ip6tables.restore(FirewallRules.ipv6(settings.clusterId())).ok()) {
                String from = "-i " + bridge.interfaceName() + " -j ";
                String chain = FirewallRules.forwardChain(settings.clusterId());
                hookFirst(ip6tables, "FORWARD", from + chain);
                hookFirst(ip6tables, "INPUT", from + chain + "-IN");
              }
            });
  }

  /**
   * Puts the jump first in the chain. Behind another program's ACCEPT it would have no effect, so
   * only jumps of other installations may precede it.
   */
  private static Optional<String> hookFirst(Iptables iptables, String chain, String jump) {
    Result listed = iptables.run("-S", chain);
    if (!listed.ok()) {
      return Optional.of("iptables -S " + chain + ": " + listed.output());
    }
    String expected = "-A " + chain + " " + jump;
    Predicate<String> ours = rule -> rule.startsWith("-A") && rule.contains(" -j CHOWDER-");
    boolean inPlace =
        listed
            .output()
            .lines()
            .filter(line -> line.startsWith("-A "))
            .takeWhile(ours)
            .anyMatch(expected::equals);
    if (inPlace) {
      return Optional.empty();
    }
    while (iptables.run(arguments("-D", chain, jump)).ok()) {
      // The rule is duplicated, or too far back in the chain.
    }
    Result inserted = iptables.run(arguments("-I", chain, jump));
    return inserted.ok()
        ? Optional.empty()
        : Optional.of("iptables -I " + chain + " " + jump + ": " + inserted.output());
  }

  private static String[] arguments(String verb, String chain, String jump) {
    return Stream.concat(Stream.of(verb, chain), Stream.of(jump.split(" ", -1)))
        .toArray(String[]::new);
  }

  /**
   * Removes everything that {@link #apply} put in place, in all tables. Does nothing if there is
   * nothing.
   */
  void removeAll() {
    var programs = new TimedPrograms(settings.firewallTimeout());
    String forward = FirewallRules.forwardChain(settings.clusterId());
    for (String name : Stream.concat(IPV4.stream(), IPV6.stream()).toList()) {
      Iptables.find(programs, List.of(name), "INPUT", searchPath)
          .ifPresent(iptables -> remove(iptables, forward));
    }
    lastFailure = null;
    applied = null;
  }

  private static void remove(Iptables iptables, String forward) {
    String input = forward + "-IN";
    for (String line : iptables.run("-S").output().lines().toList()) {
      if (line.startsWith("-A ")
          && (line.endsWith(" -j " + forward) || line.endsWith(" -j " + input))) {
        String[] rule = line.split(" ", -1);
        rule[0] = "-D";
        iptables.run(rule);
      }
    }
    for (String chain : List.of(forward, input)) {
      iptables.run("-F", chain);
      iptables.run("-X", chain);
    }
  }
}
