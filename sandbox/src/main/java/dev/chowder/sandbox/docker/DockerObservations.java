package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.ContainerPort;
import com.github.dockerjava.api.model.Ports;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Converts the engine's responses into observations of sandboxes. Never guesses and never changes
 * anything.
 */
record DockerObservations(
    DockerSandboxSettings settings, DockerContainers containers, DockerHomes homes) {
  SandboxObservation observe(SandboxId id) {
    Optional<Integer> home = homes.generation(id);
    MainProcess process =
        containers
            .find(id, DockerLabels.GATEWAY)
            .map(DockerObservations::describe)
            .orElseGet(MainProcess.Missing::new);
    return new SandboxObservation(id, home, process);
  }

  /** Returns the main process's own address on the bridge; empty if it does not run. */
  Optional<String> address(SandboxId id) {
    return containers
        .find(id, DockerLabels.GATEWAY)
        .filter(
            container -> DockerContainers.runs(container) && !DockerContainers.paused(container))
        .map(container -> container.getNetworkSettings().getNetworks())
        .map(networks -> networks.get(settings.networkName()))
        .map(ContainerNetwork::getIpAddress)
        .filter(address -> !address.isEmpty());
  }

  List<SandboxObservation> list() {
    Map<SandboxId, Integer> generations = new HashMap<>();
    Map<SandboxId, MainProcess> gateways = new LinkedHashMap<>();
    for (InspectVolumeResponse volume : homes.list()) {
      sandbox(volume.getLabels())
          // A copy under another name has the same labels, but is not a home.
          .filter(id -> id.value().equals(volume.getName()))
          .ifPresent(
              id -> {
                generations.put(id, DockerLabels.generation(volume.getLabels()));
                gateways.put(id, new MainProcess.Missing());
              });
    }
    for (Container container :
        containers.list(Map.of(DockerLabels.CLUSTER, settings.clusterId()))) {
      Map<String, String> labels = container.getLabels();
      sandbox(labels)
          .ifPresent(
              id -> {
                var process =
                    DockerLabels.GATEWAY.equals(labels.get(DockerLabels.ROLE))
                        ? describe(container)
                        : new MainProcess.Missing();
                gateways.merge(id, process, DockerObservations::active);
              });
    }
    List<SandboxObservation> observations = new ArrayList<>();
    gateways.forEach(
        (id, process) ->
            observations.add(
                new SandboxObservation(id, Optional.ofNullable(generations.get(id)), process)));
    return observations;
  }

  /** Returns the one of two that uses the home volume. */
  private static MainProcess active(MainProcess one, MainProcess other) {
    return switch (other) {
      case MainProcess.Missing _ -> one;
      case MainProcess.Ended _ when !(one instanceof MainProcess.Missing) -> one;
      case MainProcess.Ended _, MainProcess.Paused _, MainProcess.Up _ -> other;
    };
  }

  /** Reads the engine's list, which needs no lock that a hanging container may hold. */
  private static MainProcess describe(Container container) {
    int attempt = DockerLabels.attempt(container.getLabels());
    return switch (String.valueOf(container.getState())) {
      case "paused" -> new MainProcess.Paused(attempt);
      case "running" ->
          endpoint(container)
              .<MainProcess>map(endpoint -> new MainProcess.Up(attempt, endpoint))
              .orElseGet(MainProcess.Missing::new);
      case "created" -> new MainProcess.Missing();
      default -> MainProcess.Ended.listed(attempt);
    };
  }

  private static Optional<SandboxEndpoint> endpoint(Container container) {
    return Stream.ofNullable(container.getPorts())
        .flatMap(Arrays::stream)
        .flatMap(port -> published(port).stream())
        .findFirst();
  }

  private static Optional<SandboxEndpoint> published(ContainerPort port) {
    var address = port.getIp();
    var number = port.getPublicPort();
    return address == null || number == null
        ? Optional.empty()
        : Optional.of(new SandboxEndpoint(address, number));
  }

  private static MainProcess describe(InspectContainerResponse container) {
    var state = container.getState();
    int attempt = DockerLabels.attempt(labels(container));
    if (DockerContainers.paused(container)) {
      return new MainProcess.Paused(attempt);
    }
    if (DockerContainers.runs(container)) {
      // Between its start and the publication of its port a process has no endpoint yet. It will
      // have one a moment later.
      return endpoint(container)
          .<MainProcess>map(endpoint -> new MainProcess.Up(attempt, endpoint))
          .orElseGet(MainProcess.Missing::new);
    }
    if (!DockerContainers.wasStarted(container)) {
      return new MainProcess.Missing();
    }
    return new MainProcess.Ended(
        attempt, exitCode(state), Boolean.TRUE.equals(state.getOOMKilled()));
  }

  static int exitCode(InspectContainerResponse.ContainerState state) {
    Long code = state.getExitCodeLong();
    return code == null ? 0 : Math.toIntExact(code);
  }

  static Map<String, String> labels(InspectContainerResponse container) {
    Map<String, String> labels = container.getConfig().getLabels();
    return labels == null ? Map.of() : labels;
  }

  /** Returns the endpoint of its one published port; empty if it does not run. */
  static Optional<SandboxEndpoint> endpoint(InspectContainerResponse container) {
    Ports ports = container.getNetworkSettings().getPorts();
    if (!DockerContainers.runs(container) || ports == null) {
      return Optional.empty();
    }
    for (Ports.Binding @Nullable [] bindings : ports.getBindings().values()) {
      if (bindings != null && bindings.length > 0) {
        Ports.Binding first = bindings[0];
        return Optional.of(
            new SandboxEndpoint(first.getHostIp(), Integer.parseInt(first.getHostPortSpec())));
      }
    }
    return Optional.empty();
  }

  private static Optional<SandboxId> sandbox(@Nullable Map<String, String> labels) {
    String instance = labels == null ? null : labels.get(DockerLabels.INSTANCE);
    try {
      return instance == null ? Optional.empty() : Optional.of(SandboxId.ofInstance(instance));
    } catch (IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }
}
