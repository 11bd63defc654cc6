package dev.chowder.sandbox.docker;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.TaskSpec;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests what a sandbox cannot do, from inside one. Each test first checks that the access works
 * without the rule, so that an unreachable target does not count as blocked. Requires root, for the
 * rules and for the simulated outside machine.
 */
@Timeout(60)
class SandboxIsolationIT {
  /** Prints the modes of files of the home that belong to the sandbox's user. */
  private static final String OWNED =
      "cd /home/node && for each; do test -O $each && stat -c 'own %a %n' $each; done";

  private static final String ORGANIZATION = "org-1";
  private static final int PORT = 18789;
  private static final String CANARY = "canary-5f2c9d";
  private static final DockerTestEngine docker = new DockerTestEngine("it-isolation");
  private static final SandboxId one = newId();
  private static final SandboxId other = newId();
  private static DockerSandboxEngine engine;
  private static OutsideMachine outside;
  private static String neighbour;
  private static ServerSocket hostListener;

  @BeforeAll
  static void open() throws Exception {
    docker.removeOrphans();
    engine = new DockerSandboxEngine(docker.settings());
    engine.host().openHostPorts(Set.of());
    start(one);
    start(other);
    neighbour = docker.addressOf(other + "-gateway");
    outside = OutsideMachine.connect(docker);
    // The server's own listeners would be reachable like this one if they were bound to all
    // addresses.
    hostListener = new ServerSocket();
    hostListener.bind(new InetSocketAddress("0.0.0.0", 0));
    Thread.ofVirtual().start(SandboxIsolationIT::acceptAndClose);
  }

  @AfterAll
  static void close() throws Exception {
    hostListener.close();
    outside.close();
    engine.removeIsolation();
    engine.close();
    docker.removeOrphans();
  }

  private static SandboxId newId() {
    return SandboxId.ofInstance(UUID.randomUUID().toString());
  }

  private static SandboxEndpoint start(SandboxId id) {
    engine.create(new SandboxSpec(id, ORGANIZATION, DockerTestEngine.SNAPSHOT, 0, RESOURCES));
    return engine.start(
        id,
        Fence.ofAttempt(1),
        new ProcessSpec(
            DockerTestEngine.SNAPSHOT,
            ORGANIZATION,
            List.of(
                "node", "-e", "require('http').createServer((q, s) => s.end('ok')).listen(18789)"),
            Map.of("NOTE", "visible"),
            PORT,
            RESOURCES));
  }

  private static void acceptAndClose() {
    while (!hostListener.isClosed()) {
      try {
        hostListener.accept().close();
      } catch (java.io.IOException closed) {
        return;
      }
    }
  }

  private static void assertBlockedOnlyByTheRule(List<String> targets) {
    engine.removeIsolation();
    assertThat(docker.probe(one + "-gateway", targets)).as("rule off").allMatch("open"::equals);
    engine.isolate();
    assertThat(engine.host().isolationFailure()).isEmpty();
    assertThat(docker.probe(one + "-gateway", targets)).as("rule on").noneMatch("open"::equals);
  }

  @Test
  void privateNetworksAndMetadataAddressesAreBlocked() {
    List<String> targets = new ArrayList<>();
    for (String address : OutsideMachine.CLOSED) {
      targets.add(address + ":" + OutsideMachine.PORT);
    }
    assertThat(targets).contains("169.254.169.254:80");
    assertBlockedOnlyByTheRule(targets);
  }

  @Test
  void theHostsPortsAreBlockedOnAllItsAddresses() {
    int port = hostListener.getLocalPort();
    assertBlockedOnlyByTheRule(
        List.of(
            engine.host().hostAddressFromSandbox() + ":" + port,
            OutsideMachine.HOST_ADDRESS + ":" + port,
            docker.defaultGateway() + ":" + port));
  }

  @Test
  void theInternetIsReachable() {
    engine.isolate();
    assertThat(docker.probe(one + "-gateway", List.of(OutsideMachine.INTERNET + ":80")))
        .containsExactly("open");
  }

  @Test
  void anotherSandboxIsBlocked() {
    String target = neighbour + ":" + PORT;
    engine.removeIsolation();
    String bridge = DockerNetwork.interfaceName("it-isolation");
    // Disables both protections: the network's own between its members, and Chowder's rules.
    docker.root("iptables", "-w", "5", "-I", "FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT");
    try {
      assertThat(docker.probe(one + "-gateway", List.of(target))).containsExactly("open");
    } finally {
      docker.root(
          "iptables", "-w", "5", "-D", "FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT");
    }
    assertThat(docker.probe(one + "-gateway", List.of(target)))
        .as("the network's own protection")
        .doesNotContain("open");
    engine.isolate();
    assertThat(docker.probe(one + "-gateway", List.of(target))).doesNotContain("open");
  }

  @Test
  void anotherMachineCannotReachASandboxByItsAddress() {
    engine.removeIsolation();
    String bridge = DockerNetwork.interfaceName("it-isolation");
    docker.root("iptables", "-w", "5", "-I", "FORWARD", "-o", bridge, "-j", "ACCEPT");
    try {
      List<String> target = List.of(neighbour + ":" + PORT);
      assertThat(outside.probe(target)).containsExactly("open");
      engine.isolate();
      // Moves the other rule behind Chowder's, as if Chowder's had been inserted later.
      docker.root("iptables", "-w", "5", "-D", "FORWARD", "-o", bridge, "-j", "ACCEPT");
      docker.root("iptables", "-w", "5", "-A", "FORWARD", "-o", bridge, "-j", "ACCEPT");
      assertThat(outside.probe(target)).doesNotContain("open");
    } finally {
      docker.root("iptables", "-w", "5", "-D", "FORWARD", "-o", bridge, "-j", "ACCEPT");
    }
  }

  /**
   * Sends a byte every 100 ms, and reports the fate of the connection. It counts as open after 25
   * s, since a busy machine may take several seconds to restore the rules.
   */
  private static final String TALK =
      """
      const [host, port] = process.argv[1].split(':');
      const socket = require('net').connect({ host, port: +port });
      const say = what => { console.log(what); process.exit(); };
      const began = Date.now();
      let last = began;
      socket.on('data', () => { last = Date.now(); });
      socket.on('error', e => say(e.code));
      socket.on('close', () => say('closed'));
      setInterval(() => {
        socket.write('x');
        if (Date.now() - last > 3000) say('silent');
        if (Date.now() - began > 25000) say('open');
      }, 100);
      """;

  @Test
  void aConnectionOpenedWithoutTheRulesIsCutWhenTheyAreRestored() throws Exception {
    try (var sender = new ServerSocket(0, 10, java.net.InetAddress.getByName("0.0.0.0"))) {
      var received = new CountDownLatch(1);
      Thread.ofVirtual().start(() -> flood(sender, received));
      engine.removeIsolation();
      var host = talk(engine.host().hostAddressFromSandbox() + ":" + sender.getLocalPort());
      var outsideMachine =
          talk(OutsideMachine.CLOSED.getFirst() + ":" + OutsideMachine.HOLDING_PORT);
      var internet = talk(OutsideMachine.INTERNET + ":" + OutsideMachine.HOLDING_PORT);
      assertThat(received.await(20, TimeUnit.SECONDS)).isTrue();
      awaitFlow(OutsideMachine.CLOSED.getFirst());
      awaitFlow(OutsideMachine.INTERNET);
      engine.isolate();
      assertThat(host.get(60, TimeUnit.SECONDS)).as("this host").isIn("ECONNREFUSED", "silent");
      assertThat(outsideMachine.get(60, TimeUnit.SECONDS))
          .as("private")
          .isIn("ECONNREFUSED", "silent");
      assertThat(internet.get(60, TimeUnit.SECONDS)).as("the internet").isEqualTo("open");
    }
  }

  /**
   * A gateway that streams a response would wait forever, because only it sends and its packets
   * would be blocked.
   */
  @Test
  void connectionsThatTheHostOpenedToASandboxAreKeptWhenTheRulesAreRestored() throws Exception {
    var gateway = engine.observe(one).endpoint().orElseThrow();
    engine.removeIsolation();
    try (var client = new Socket(gateway.host(), gateway.port())) {
      client.setSoTimeout(20_000);
      client.getOutputStream().write("GET / HTTP/1.1\r\nHost: one\r\n".getBytes(UTF_8));
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (flowsFromHost() == 0) assertThat(System.nanoTime()).isLessThan(deadline);
      engine.isolate();
      assertThat(flowsFromHost()).as("restored").isNotZero();
      client.getOutputStream().write("Connection: close\r\n\r\n".getBytes(UTF_8));
      assertThat(new String(client.getInputStream().readAllBytes(), UTF_8)).endsWith("ok");
    }
  }

  private static long flowsFromHost() {
    return docker
        .root("conntrack", "-L", "-s", engine.host().hostAddressFromSandbox())
        .lines()
        .filter(line -> line.contains("dst=" + docker.addressOf(one + "-gateway") + " "))
        .filter(line -> line.contains("ESTABLISHED"))
        .count();
  }

  private static CompletableFuture<String> talk(String target) {
    return CompletableFuture.supplyAsync(
        () -> docker.exec(one + "-gateway", List.of("node", "-e", TALK, target)).strip(),
        task -> Thread.ofVirtual().start(task));
  }

  /**
   * Sends without a pause, so that the host has data to repeat whenever packets are blocked. The
   * kernel takes such a packet for the first one of a connection that the host opens, if it knows
   * no other connection with these ports.
   */
  private static void flood(ServerSocket server, CountDownLatch received) {
    try (var caller = server.accept()) {
      if (caller.getInputStream().read() >= 0) received.countDown();
      while (true) caller.getOutputStream().write(new byte[1024]);
    } catch (java.io.IOException ended) {
      // The sandbox's end reports the cause.
    }
  }

  /**
   * Returns how many of the sandbox's connections to the echo port of this address the kernel
   * knows.
   */
  private static long flows(String host) {
    return docker
        .root("conntrack", "-L", "-s", docker.addressOf(one + "-gateway"), "-d", host)
        .lines()
        .filter(line -> line.contains("dport=" + OutsideMachine.HOLDING_PORT + " "))
        .count();
  }

  private static void awaitFlow(String host) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (flows(host) == 0) {
      assertThat(System.nanoTime()).as("no connection to " + host).isLessThan(deadline);
    }
  }

  @Test
  void anOpenPortOfTheHostsLoopbackIsReachable() throws Exception {
    engine.isolate();
    try (var model = new ServerSocket(0, 10, java.net.InetAddress.getLoopbackAddress())) {
      String target = engine.host().hostAddressFromSandbox() + ":" + model.getLocalPort();
      assertThat(docker.probe(one + "-gateway", List.of(target))).doesNotContain("open");
      engine.host().openHostPorts(Set.of(model.getLocalPort()));
      engine.host().openHostPorts(Set.of(model.getLocalPort()));
      assertThat(docker.probe(one + "-gateway", List.of(target))).containsExactly("open");
      assertThat(
              docker.probe(
                  one + "-gateway",
                  List.of(
                      engine.host().hostAddressFromSandbox() + ":" + hostListener.getLocalPort())))
          .as("no other port")
          .doesNotContain("open");
      engine.host().openHostPorts(Set.of());
      assertThat(docker.probe(one + "-gateway", List.of(target)))
          .as("closed again")
          .doesNotContain("open");
    }
  }

  @Test
  void aNodeThatStartsKeepsThePortsThatAnotherNodeOpened() throws Exception {
    try (var model = new ServerSocket(0, 10, java.net.InetAddress.getLoopbackAddress());
        var starting = new DockerSandboxEngine(docker.settings())) {
      String target = engine.host().hostAddressFromSandbox() + ":" + model.getLocalPort();
      engine.host().openHostPorts(Set.of(model.getLocalPort()));
      starting.isolate();
      assertThat(starting.host().isolationFailure()).isEmpty();
      assertThat(docker.probe(one + "-gateway", List.of(target))).containsExactly("open");
    } finally {
      engine.host().openHostPorts(Set.of());
    }
  }

  @Test
  void onlyDestinationsThatAnOperatorOpenedAreReachable() {
    try (var opened =
        new DockerSandboxEngine(
            docker.settings(Map.of("may-reach", OutsideMachine.CLOSED.getFirst() + ":80")))) {
      opened.host().openHostPorts(Set.of());
      opened.isolate();
      assertThat(
              docker.probe(
                  one + "-gateway",
                  List.of(
                      OutsideMachine.CLOSED.getFirst() + ":80",
                      OutsideMachine.CLOSED.getFirst() + ":81",
                      OutsideMachine.CLOSED.get(1) + ":80")))
          .satisfiesExactly(
              first -> assertThat(first).isEqualTo("open"),
              second -> assertThat(second).isNotEqualTo("open"),
              third -> assertThat(third).isNotEqualTo("open"));
    }
  }

  @Test
  void theHostStillReachesASandbox() {
    engine.isolate();
    SandboxEndpoint endpoint = engine.observe(one).endpoint().orElseThrow();
    assertThat(endpoint.host()).isEqualTo("127.0.0.1");
    docker.awaitAnswer(endpoint);
  }

  @Test
  void rulesThatWereFlushedOrOvertakenAreRepaired() {
    engine.isolate();
    String chain = FirewallRules.forwardChain("it-isolation");
    List<String> target = List.of(OutsideMachine.CLOSED.getFirst() + ":80");
    docker.root("iptables", "-w", "5", "-F", chain);
    assertThat(docker.probe(one + "-gateway", target)).containsExactly("open");
    engine.isolate();
    assertThat(docker.probe(one + "-gateway", target)).doesNotContain("open");
    docker.root("iptables", "-w", "5", "-I", "DOCKER-USER", "-j", "ACCEPT");
    try {
      assertThat(docker.probe(one + "-gateway", target)).containsExactly("open");
      engine.isolate();
      assertThat(docker.probe(one + "-gateway", target)).doesNotContain("open");
    } finally {
      docker.root("iptables", "-w", "5", "-D", "DOCKER-USER", "-j", "ACCEPT");
    }
    var before = docker.firewallRules();
    engine.isolate();
    assertThat(docker.firewallRules()).isNotEmpty().isEqualTo(before);
  }

  @Test
  void removingTheRulesLeavesNone() {
    engine.isolate();
    assertThat(docker.root("iptables", "-w", "5", "-S"))
        .contains(FirewallRules.forwardChain("it-isolation"));
    engine.removeIsolation();
    assertThat(docker.root("iptables", "-w", "5", "-S"))
        .doesNotContain(FirewallRules.forwardChain("it-isolation"));
  }

  /**
   * The IPv6 rules are therefore a second protection only, and a host without ip6tables isolates
   * too.
   */
  @Test
  void aSandboxHasNoIpv6Address() {
    var script =
        "console.log(Object.values(require('os').networkInterfaces()).flat()"
            + ".filter(a => a.family === 'IPv6' && !a.internal).map(a => a.address).join())";
    assertThat(docker.exec(one + "-gateway", List.of("node", "-e", script)).strip()).isEmpty();
  }

  @Test
  void aProcessHasNoRights() {
    String status = docker.exec(one + "-gateway", List.of("cat", "/proc/1/status"));
    assertThat(status)
        .containsPattern("Uid:\t(19[0-9]{8})\t\\1\t\\1\t\\1\n")
        .containsPattern("Gid:\t1000\t1000\t1000\t1000")
        .containsPattern("CapEff:\t0+\n")
        .containsPattern("CapPrm:\t0+\n")
        .containsPattern("CapBnd:\t0+\n")
        .containsPattern("NoNewPrivs:\t1\n")
        .containsPattern("Seccomp:\t2\n");
    assertThat(docker.exec(one + "-gateway", List.of("sh", "-c", "touch /x /usr/x 2>&1; true")))
        .contains("Read-only file system");
    assertThat(docker.exec(one + "-gateway", List.of("sh", "-c", "echo a > /tmp/x && cat /tmp/x")))
        .isEqualTo("a\n");
  }

  @Test
  void aSandboxIsKilledBeforeTheServerWhenMemoryRunsOut() throws Exception {
    int sandbox =
        Integer.parseInt(
            docker.exec(one + "-gateway", List.of("cat", "/proc/1/oom_score_adj")).strip());
    int server = Integer.parseInt(Files.readString(Path.of("/proc/self/oom_score_adj")).strip());
    assertThat(sandbox).isGreaterThan(server);
  }

  @Test
  void aSandboxCannotExceedItsConnectionLimit() {
    try (var limited = new DockerSandboxEngine(docker.settings(Map.of("max-connections", 20)))) {
      limited.host().openHostPorts(Set.of());
      limited.isolate();
      assertThat(connections(40)).as("rule on").isEqualTo(20);
    } finally {
      engine.isolate();
    }
    assertThat(connections(40)).as("with the default").isEqualTo(40);
  }

  /** Returns how many of these connections to the internet are open at once. */
  private static int connections(int wanted) {
    var script =
        "const net = require('net'); let open = 0, done = 0; const n = %d;".formatted(wanted)
            + "const end = () => { if (++done === n) { console.log(open); process.exit() } };"
            + "for (let i = 0; i < n; i++) { const s = net.connect(%d, '%s');"
                .formatted(OutsideMachine.HOLDING_PORT, OutsideMachine.INTERNET)
            + "s.on('connect', () => { open++; end() }); s.on('error', end) }"
            + "setTimeout(() => { console.log(open); process.exit() }, 10000);";
    return Integer.parseInt(docker.exec(one + "-gateway", List.of("node", "-e", script)).strip());
  }

  @Test
  void aContainerHasItsLimits() {
    var settings = docker.settings();
    var container = docker.client().inspectContainerCmd(one + "-gateway").exec();
    var host = container.getHostConfig();
    assertThat(host.getMemory()).isEqualTo(RESOURCES.memoryBytes());
    assertThat(host.getMemorySwap()).isEqualTo(RESOURCES.memoryBytes());
    assertThat(host.getNanoCPUs()).isEqualTo(RESOURCES.nanoCpus());
    assertThat(host.getPidsLimit()).isEqualTo(RESOURCES.processes());
    assertThat(host.getOomScoreAdj()).isEqualTo(settings.oomScoreAdjustment());
    assertThat(host.getPrivileged()).isFalse();
    assertThat(host.getRestartPolicy().getName()).isIn("", "no");
    assertThat(host.getLogConfig().getConfig()).containsKeys("max-size", "max-file");
    assertThat(container.getNetworkSettings().getNetworks())
        .containsOnlyKeys("chowder-it-isolation");
    assertThat(container.getNetworkSettings().getPorts().getBindings().values())
        .singleElement()
        .satisfies(
            bindings -> {
              assertThat(bindings).hasSize(1);
              assertThat(bindings[0].getHostIp()).isEqualTo("127.0.0.1");
            });
    assertThat(container.getConfig().getLabels())
        .containsEntry("dev.chowder.cluster", "it-isolation")
        .containsEntry("dev.chowder.organization", ORGANIZATION)
        .containsEntry("dev.chowder.instance", one.instanceId())
        .containsEntry("dev.chowder.attempt", "1")
        .containsEntry("dev.chowder.role", "gateway");
    assertThat(docker.client().inspectVolumeCmd(one.value()).exec().getLabels())
        .containsEntry("dev.chowder.cluster", "it-isolation")
        .containsEntry("dev.chowder.organization", ORGANIZATION)
        .containsEntry("dev.chowder.instance", one.instanceId());
  }

  @Test
  void aSecretInAFileIsVisibleToItsUserOnlyAndNotByInspection() {
    SandboxId third = newId();
    engine.create(new SandboxSpec(third, ORGANIZATION, DockerTestEngine.SNAPSHOT, 0, RESOURCES));
    var file = new SandboxFile(".config/key", ByteString.copyFromUtf8(CANARY), 0600);
    var result =
        engine
            .tasks()
            .run(
                third,
                Fence.ofAttempt(1),
                new TaskSpec(
                    DockerTestEngine.SNAPSHOT,
                    ORGANIZATION,
                    List.of("sh", "-c", OWNED, "sh", ".config", ".config/key"),
                    List.of(file),
                    RESOURCES),
                Duration.ofSeconds(20));
    assertThat(result.output()).isEqualTo("own 700 .config\nown 600 .config/key\n");
    engine.homes().writeFiles(one, Fence.NONE, List.of(file));
    assertThat(docker.exec(one + "-gateway", List.of("sh", "-c", OWNED, "sh", ".config/key")))
        .as("written while it runs")
        .isEqualTo("own 600 .config/key\n");
    assertThat(docker.exec(one + "-gateway", List.of("ls", "-A", "/home/node")))
        .as("no staged file remains")
        .doesNotContain(".chowder-");
    String seen = docker.client().inspectContainerCmd(one + "-gateway").exec().toString();
    assertThat(seen).contains("NOTE=visible").doesNotContain(CANARY);
    assertThat(docker.client().inspectContainerCmd(third + "-task").exec().toString())
        .doesNotContain(CANARY);
  }
}
