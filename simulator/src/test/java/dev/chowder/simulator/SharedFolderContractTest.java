package dev.chowder.simulator;

import dev.chowder.base.FileTree;
import dev.chowder.sandbox.SandboxEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Runs the contract on two engines that share a folder, as two nodes do. Consecutive calls go to
 * different engines, so each must know what the other did.
 */
class SharedFolderContractTest extends SimulatedSandboxesContract {
  private final SimulatedEngine other = newEngine(settings);
  private final AtomicInteger calls = new AtomicInteger();

  SharedFolderContractTest() {
    super(FakeSandboxSettings.instant().in(newFolder()));
  }

  private static Path newFolder() {
    try {
      return Files.createTempDirectory("chowder-shared");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Runs after the contract removed its sandbox. */
  @RegisterExtension
  final AfterEachCallback close =
      _ -> {
        other.close();
        FileTree.remove(settings.directory().orElseThrow());
      };

  @Override
  protected SandboxEngine engine() {
    return calls.getAndIncrement() % 2 == 0 ? other : simulated;
  }

  @Override
  protected SandboxEngine unreachable() {
    return new SimulatedEngine(FakeSandboxSettings.instant(), new FakeScript().unreachable());
  }
}
