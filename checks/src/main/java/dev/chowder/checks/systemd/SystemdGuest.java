package dev.chowder.checks.systemd;

import static dev.chowder.checks.systemd.Units.ENVOY;
import static dev.chowder.checks.systemd.Units.SERVER;
import static dev.chowder.checks.systemd.Units.START_LIMIT;
import static dev.chowder.checks.systemd.Units.run;
import static dev.chowder.checks.systemd.Units.runPage;

import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Steps;
import dev.chowder.checks.guest.Wait;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/**
 * Runs in the virtual machine of {@code SystemdCheck}, once after each boot. The release, the
 * simulator and the commands of the installation page are in {@code /check}.
 */
public final class SystemdGuest {
  private static final Path REBOOTED = Path.of("/opt/rebooted");
  private static final Path ENVIRONMENT = Path.of("/etc/chowder/chowder.env");
  private static final Duration CALL_LIMIT = Duration.ofMinutes(4);
  private static final int REST_PORT = 8080;

  /** Limits of the exposure to which systemd rates the units, in tenths. */
  private static final int SERVER_EXPOSURE = 25;

  private static final int SERVER_EXPOSURE_WITH_SWAP = 35;
  private static final int ENVOY_EXPOSURE = 20;

  /** CAP_DAC_OVERRIDE, CAP_NET_ADMIN, CAP_SYS_PTRACE and CAP_SYS_NICE. */
  private static final String CAPABILITIES_WITH_SWAP = "0000000000881002";

  private final Steps steps = Steps.sinceBoot(Units::context);
  private final Api api = new Api();

  private SystemdGuest() {}

  public static void main(String[] args) throws Exception {
    var guest = new SystemdGuest();
    if (Files.exists(REBOOTED)) {
      guest.secondBoot();
    } else {
      guest.firstBoot();
    }
  }

  private void firstBoot() throws IOException {
    steps.step(
        "the commands of the page install the units, and systemd accepts them", this::install);
    steps.step(
        "both units start, Envoy after the server, which loads its AOT cache",
        () -> {
          runPage("/check/start");
          awaitBoth();
          Expect.equal(Units.loadedCaches(), 1L);
          Expect.equal(Units.restarts(), List.of(0, 0));
        });
    steps.step(
        "no other user reads tokens, keys, settings and data, and Envoy's user reads its own token "
            + "only",
        SystemdGuest::expectPrivateFiles);
    steps.step(
        "with the rights of the server's unit, a process sets firewall rules and calls Docker, and "
            + "changes nothing else",
        SystemdGuest::probeRights);
    steps.step("an agent is created through Envoy, answers, stops and starts", this::useAgent);
    steps.step(
        "a running server stays in its folder after an upgrade changed the link", this::upgrade);
    steps.step(
        "after a kill, systemd starts the new version, also if all state belongs to another user",
        this::kill);
    steps.step(
        "while another program uses Envoy's port, the journal says so, and Envoy starts when the "
            + "port is free",
        this::occupyPort);
    // Their effect is checked after the reboot.
    runPage("/check/swap");
    Files.writeString(REBOOTED, "");
    steps.say("reboot");
    run("systemctl", "reboot");
  }

  private void secondBoot() {
    steps.step(
        "after a reboot both units start by themselves, and the agent answers",
        () -> {
          awaitBoth();
          Expect.equal(Units.restarts(), List.of(0, 0));
          await("the agent runs", () -> api.hasStatus("running"));
          await("the agent answers", api::answers);
        });
    steps.step(
        "zram swap is there again, and the server has the rights for it",
        () -> {
          Expect.equal(run("swapon", "--show=LABEL", "--noheadings"), "chowder");
          Expect.contains(Units.property(SERVER, "AmbientCapabilities"), "cap_sys_ptrace");
          Expect.equal(capabilities(), CAPABILITIES_WITH_SWAP);
          Units.expectExposure(steps, SERVER, SERVER_EXPOSURE_WITH_SWAP);
        });
    steps.step("the agent is deleted", () -> await("the agent is deleted", api::isDeleted));
    steps.end();
  }

  private void install() throws IOException {
    // On the first disk, as after tar.
    run("cp", "-a", "/check/release", "/opt/chowder-1");
    run("cp", "-a", "/check/simulator", "/opt/simulator");
    run("ln", "-sfn", "chowder-1", "/opt/chowder");
    runPage("/check/install");
    Files.writeString(
        ENVIRONMENT, Files.readString(Path.of("/check/settings")), StandardOpenOption.APPEND);
    run("systemctl", "daemon-reload");
    var verified = Program.of("systemd-analyze", "verify", SERVER + ".service");
    var result = verified.and(ENVOY + ".service").within(CALL_LIMIT).run();
    Expect.equal(result.output() + result.errors(), "");
    Units.expectExposure(steps, SERVER, SERVER_EXPOSURE);
    Units.expectExposure(steps, ENVOY, ENVOY_EXPOSURE);
  }

  private static void expectPrivateFiles() {
    var state = "/var/lib/chowder/";
    Units.expectPrivate(
        "nobody",
        state + "master.key",
        state + "operator.token",
        state + "envoy.token",
        state + "data",
        "/run/chowder-envoy/envoy.yaml",
        "/run/chowder-envoy/admin.sock",
        ENVIRONMENT.toString());
    Units.expectPrivate(
        ENVOY,
        state + "master.key",
        state + "operator.token",
        state + "data",
        ENVIRONMENT.toString(),
        "/run/docker.sock");
    Units.expectPrivate(SERVER, "/run/chowder-envoy/envoy.yaml", "/run/chowder-envoy/admin.sock");
  }

  /** Runs the probe in a copy of the server's unit. */
  private static void probeRights() throws IOException {
    var unit =
        Files.readAllLines(Path.of("/etc/systemd/system/chowder.service")).stream()
            .filter(line -> !line.matches("(Type=|NotifyAccess=|Restart|StateDirectory|  -XX:).*"))
            .map(
                line ->
                    line.startsWith("ExecStart=")
                        ? "Type=oneshot\nExecStart=" + ownJava() + RightsProbe.class.getName()
                        : line)
            .collect(Collectors.joining("\n", "", "\n"));
    Files.writeString(Path.of("/run/systemd/system/rights.service"), unit);
    try {
      run("systemctl", "start", "rights");
    } catch (ProgramException failed) {
      throw new AssertionError(Units.journal("rights"), failed);
    }
  }

  private static String ownJava() {
    return "%s/bin/java -Xmx64m -XX:TieredStopAtLevel=1 -cp %s "
        .formatted(System.getProperty("java.home"), System.getProperty("java.class.path"));
  }

  private void useAgent() throws Exception {
    await("the organization is created", api::createsOrganization);
    await("the agent is created", api::createsAgent);
    await("the agent runs", () -> api.hasStatus("running"));
    await("the agent answers", api::answers);
    await("the agent stops", () -> api.becomes("stop", "stopped"));
    await("the agent starts", () -> api.becomes("start", "running"));
    await("the agent answers", api::answers);
  }

  private void upgrade() throws Exception {
    run("cp", "-al", "/opt/chowder-1", "/opt/chowder-2");
    run("ln", "-sfn", "chowder-2", "/opt/chowder");
    await("the agent answers", api::answers);
    Expect.equal(Units.serverLink("cwd"), "/opt/chowder-1");
    Expect.equal(Units.serverLink("exe"), "/opt/chowder-1/runtime/bin/java");
    var files = Units.serverFiles();
    Expect.that(files.toString().contains("/opt/chowder-1/"), "no jar is open: " + files);
    Expect.that(!files.toString().contains("/opt/chowder-2/"), "a new file is open: " + files);
  }

  private void kill() throws Exception {
    run("chown", "-R", "0:0", "/var/lib/chowder");
    run("kill", "-KILL", String.valueOf(Units.serverPid()));
    await("systemd restarts the server", () -> Units.restarts().equals(List.of(1, 0)));
    awaitBoth();
    Expect.equal(Units.restarts(), List.of(1, 0));
    Expect.equal(Units.serverLink("cwd"), "/opt/chowder-2");
    Expect.equal(Units.loadedCaches(), 2L);
    await("the agent answers", api::answers);
  }

  /** A socket of Java does not share its port, unlike those of Envoy. */
  private void occupyPort() throws Exception {
    run("systemctl", "stop", ENVOY);
    try (var taken = new ServerSocket(REST_PORT, 1, InetAddress.getLoopbackAddress())) {
      Expect.that(taken.isBound(), "the port must be taken");
      run("systemctl", "start", "--no-block", ENVOY);
      Wait.until(
          START_LIMIT,
          "the journal names the cause",
          () -> Units.journal(ENVOY).contains("Address already in use"));
    }
    awaitBoth();
  }

  private void awaitBoth() throws Exception {
    Units.awaitActive(SERVER);
    Units.awaitActive(ENVOY);
    await("Envoy answers", api::envoyAnswers);
  }

  private static String capabilities() throws IOException {
    var status = Path.of("/proc", String.valueOf(Units.serverPid()), "status");
    try (var lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("CapEff:"))
          .map(line -> line.substring("CapEff:".length()).strip())
          .findFirst()
          .orElseThrow();
    }
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    Wait.until(CALL_LIMIT, what, condition);
  }
}
