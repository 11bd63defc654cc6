package dev.chowder.sandbox.docker;

import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxHost;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** The machine that runs Docker and Chowder. */
final class DockerHost implements SandboxHost, AutoCloseable {
  private final DockerSandboxSettings settings;
  private final DockerApi engine;
  private final DockerNetwork network;
  private final HostPorts hostPorts;
  private final SandboxIsolation isolation;
  private final DockerDisk disk;

  DockerHost(DockerSandboxSettings settings, DockerApi engine, DockerNetwork network) {
    this.settings = settings;
    this.engine = engine;
    this.network = network;
    this.hostPorts = new HostPorts(settings);
    this.isolation = new SandboxIsolation(settings, network, hostPorts);
    this.disk = new DockerDisk(engine);
  }

  /** Returns the firewall of the sandboxes. */
  SandboxIsolation isolation() {
    return isolation;
  }

  @Override
  public HostCapacity capacity() {
    return HostMemory.read(engine, settings);
  }

  @Override
  public OptionalLong freeDiskBytes() {
    return disk.freeBytes();
  }

  @Override
  public String hostAddressFromSandbox() {
    return network.ensure().gateway();
  }

  @Override
  public void openHostPorts(Set<Integer> ports) {
    if (hostPorts.setRequired(ports)) isolation.applyWhenPossible();
  }

  @Override
  public Optional<String> isolationFailure() {
    return isolation.failure();
  }

  @Override
  public void close() {
    isolation.close();
    hostPorts.close();
  }
}
