package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.StopResult;
import dev.chowder.sandbox.SandboxDriverContract;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract on a real Docker Engine with the real sandbox image, but light commands. */
class DockerSandboxDriverIT extends SandboxDriverContract {
  private static final DockerTestEngine engine = new DockerTestEngine("it-driver");
  private static DockerSandboxDriver driver;

  @BeforeAll
  static void open() {
    engine.removeLeftovers();
    driver = new DockerSandboxDriver(engine.settings());
  }

  @AfterAll
  static void close() {
    driver.removeIsolation();
    driver.close();
    engine.removeLeftovers();
  }

  @Override
  protected SandboxDriver driver() {
    return driver;
  }

  @Override
  protected String snapshot() {
    return DockerTestEngine.SNAPSHOT;
  }

  @Override
  protected List<String> commandThatPrints(String text, int exitCode) {
    return List.of("sh", "-c", "echo \"$1\"; exit \"$2\"", "sh", text, "" + exitCode);
  }

  @Override
  protected List<String> commandThatHangs() {
    return List.of("sleep", "1000");
  }

  @Override
  protected List<String> commandThatServes() {
    return List.of("node", "-e", server("process.exit(0)"));
  }

  @Override
  protected List<String> commandThatIgnoresSigterm() {
    return List.of("node", "-e", server(""));
  }

  private static String server(String onSigterm) {
    return """
        for (let i = 1; i <= 5; i++) console.log(`line ${i}`);
        process.on('SIGTERM', () => { %s });
        require('http').createServer((request, response) => {
          console.log(`got ${request.url}`);
          response.end('ok');
        }).listen(18789);
        """
        .formatted(onSigterm);
  }

  @Override
  protected List<String> commandThatNeedsTooMuchMemory() {
    return List.of("node", "-e", "const kept = []; for (;;) kept.push(Buffer.alloc(16 << 20, 1));");
  }

  @Override
  protected void killProcess(SandboxId sandbox) {
    engine.docker().killContainerCmd(sandbox + "-gateway").withSignal("KILL").exec();
  }

  @Override
  protected void awaitTaskRunning() {
    await(
        () ->
            engine.containers().stream()
                .anyMatch(
                    container ->
                        List.of(container.getNames()).contains("/" + id + "-task")
                            && "running".equals(container.getState())));
  }

  @Override
  protected SandboxDriver unreachable() {
    return new DockerSandboxDriver(engine.settingsWithHost("unix:///nonexistent/docker.sock"));
  }

  @Test
  void aNetworkThatSomebodyRemovedIsMadeAnew() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    driver.stop(id, Duration.ofSeconds(5));
    engine.docker().removeNetworkCmd("chowder-it-driver").exec();
    awaitAnswer(start(1, commandThatServes()));
    driver.removeProcesses(id);
    engine.docker().removeNetworkCmd("chowder-it-driver").exec();
    awaitAnswer(start(2, commandThatServes()));
  }

  @Test
  void aFrozenProcessIsSeenAndStoppedCleanly() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    engine.docker().pauseContainerCmd(id + "-gateway").exec();
    assertThat(driver.observe(id).mainProcess()).isEqualTo(new MainProcess.Paused(1));
    driver.writeFiles(id, List.of(file("frozen", "yes")));
    assertThat(read("frozen")).hasValue("yes");
    assertThat(driver.stop(id, Duration.ofSeconds(5))).isEqualTo(new StopResult(true, false, 0));
  }

  @Test
  void aContainerThatWasMadeAndNeverStartedIsNoProcess() {
    create();
    awaitAnswer(start(1, commandThatServes()));
    driver.stop(id, Duration.ofSeconds(5));
    var former = engine.docker().inspectContainerCmd(id + "-gateway").exec();
    engine.docker().removeContainerCmd(former.getId()).exec();
    // What a crash between the engine's two calls leaves.
    engine
        .docker()
        .createContainerCmd(snapshot())
        .withName(id + "-gateway")
        .withLabels(former.getConfig().getLabels())
        .exec();
    assertThat(driver.observe(id).mainProcess()).isEqualTo(new MainProcess.Missing());
  }
}
