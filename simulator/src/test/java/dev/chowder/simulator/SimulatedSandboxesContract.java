package dev.chowder.simulator;

import dev.chowder.base.Await;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngineContract;
import dev.chowder.sandbox.SandboxId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** The contract of engines on simulated sandboxes, with the simulated commands that it needs. */
abstract class SimulatedSandboxesContract extends SandboxEngineContract {
  /** The engine that simulates the sandboxes, whichever one the test calls. */
  protected final SimulatedEngine simulated;

  protected final FakeSandboxSettings settings;

  SimulatedSandboxesContract(FakeSandboxSettings settings) {
    this.settings = settings;
    this.simulated = newEngine(settings);
  }

  static SimulatedEngine newEngine(FakeSandboxSettings settings) {
    return new SimulatedEngine(settings, new FakeScript().missing("chowder/absent:1"));
  }

  @AfterEach
  void closeSimulated() {
    simulated.close();
  }

  @Override
  protected String snapshot() {
    return "chowder/fake";
  }

  @Override
  protected List<String> commandThatPrints(String text, int exitCode) {
    return List.of("x", "--print", text, "--exit", "" + exitCode);
  }

  @Override
  protected List<String> commandThatHangs() {
    return List.of("x", "--hang");
  }

  @Override
  protected List<String> commandThatServes() {
    List<String> command = new ArrayList<>(List.of("serve"));
    for (int i = 1; i <= 5; i++) {
      command.addAll(List.of("--print", "line " + i));
    }
    return command;
  }

  @Override
  protected List<String> commandThatIgnoresSigterm() {
    return List.of("serve", "--ignore-sigterm");
  }

  @Override
  protected List<String> commandThatNeedsTooMuchMemory() {
    return List.of("serve", "--out-of-memory");
  }

  @Override
  protected void killProcess(SandboxId sandbox) {
    simulated.kill(sandbox);
  }

  @Override
  protected void crashProcess(
      SandboxEndpoint endpoint, SandboxId sandbox, int exitCode, String lastLine) {
    simulated.crash(sandbox, exitCode, lastLine);
  }

  @Override
  protected void freezeProcess(SandboxId sandbox) {
    simulated.pause(sandbox);
  }

  @Override
  protected void removeProcess(SandboxId sandbox) {
    simulated.removeContainers(sandbox);
  }

  @Override
  protected void awaitTaskRunning() {
    Await.until(() -> simulated.hasTask(id));
  }
}
