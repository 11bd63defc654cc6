package dev.chowder.simulator;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeScript.Verb;
import java.util.List;
import java.util.Optional;

/** Simulates home directories by folders of this machine. */
record SimulatedHomes(FakeScript script, FakeHost host, SimulatedHost machine)
    implements SandboxHomes {
  @Override
  public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files) {
    script.apply(Verb.WRITE_FILES, Optional.of(id));
    FakeSandbox sandbox = host.require(id, fence);
    sandbox.requireNotLater(fence.attempt());
    FakeHome.write(sandbox.home(), files);
  }

  @Override
  public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
    script.apply(Verb.READ_FILE, Optional.of(id));
    return FakeHome.read(host.require(id).home(), path, maxBytes);
  }

  @Override
  public Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
    machine.measured(id);
    return host.find(id).map(found -> FakeHome.usage(found.home()));
  }

  @Override
  public HomeFolder folder(SandboxId id, FilePath folder) {
    script.apply(Verb.FILES, Optional.of(id));
    return new FakeFiles(host.require(id).home(), folder);
  }
}
