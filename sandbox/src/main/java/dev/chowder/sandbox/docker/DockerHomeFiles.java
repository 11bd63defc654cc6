package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Accesses the files of home volumes through the containers that use them, or through one that only
 * exists for it.
 */
final class DockerHomeFiles implements SandboxHomes {
  private final DockerSandboxSettings settings;
  private final DockerApi engine;
  private final DockerContainers containers;
  private final DockerHomes homes;
  private final DockerLauncher launcher;
  private final DockerFiles files;
  private final DockerFilesContainer filesContainer;
  private final DockerHomeMeter meter;

  DockerHomeFiles(
      DockerSandboxSettings settings,
      DockerApi engine,
      DockerContainers containers,
      DockerHomes homes,
      DockerLauncher launcher,
      DockerFiles files,
      DockerLogs logs) {
    this.settings = settings;
    this.engine = engine;
    this.containers = containers;
    this.homes = homes;
    this.launcher = launcher;
    this.files = files;
    this.filesContainer = new DockerFilesContainer(engine, settings, containers, homes);
    this.meter = new DockerHomeMeter(engine, settings, containers, homes, logs);
  }

  @Override
  public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> written) {
    Optional<InspectContainerResponse> gateway = containers.find(id, DockerLabels.GATEWAY);
    gateway.ifPresent(running -> DockerContainers.requireNotLater(running, fence.attempt()));
    String container = anyContainer(id, gateway);
    // Checked only now, because the home volume cannot be replaced while this container uses it.
    fence.requireHome(id, homes.generation(id));
    if (gateway.isPresent()
        && DockerContainers.runs(gateway.get())
        && !DockerContainers.paused(gateway.get())) {
      files.writeRunning(gateway.get(), written);
    } else {
      files.writeStopped(container, written);
    }
  }

  @Override
  public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
    Optional<InspectContainerResponse> gateway = containers.find(id, DockerLabels.GATEWAY);
    return files.read(anyContainer(id, gateway), path, maxBytes);
  }

  @Override
  public Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
    return meter.measure(id, most);
  }

  @Override
  public HomeFolder folder(SandboxId id, FilePath folder) {
    requireHome(id);
    return new DockerHomeFolder(engine, settings, filesContainer, id, folder);
  }

  /**
   * Returns a container through which files can be accessed. Creates one that never starts if the
   * sandbox has none. The first container of a home fills its volume from the image, so this one
   * has the home's own image, unless that image no longer exists.
   */
  private String anyContainer(SandboxId id, Optional<InspectContainerResponse> gateway) {
    return gateway
        .or(() -> containers.find(id, DockerLabels.TASK))
        .map(InspectContainerResponse::getId)
        .orElseGet(() -> createHolder(id));
  }

  private String createHolder(SandboxId id) {
    InspectVolumeResponse home = requireHome(id);
    String organization = DockerHomes.label(home, DockerLabels.ORGANIZATION);
    try {
      return createHolder(id, organization, DockerHomes.label(home, DockerLabels.SNAPSHOT));
    } catch (SandboxException refused) {
      if (refused.reason() != Reason.IMAGE_MISSING) throw refused;
      // A volume can outlive its image.
      return createHolder(id, organization, settings.helperImage());
    }
  }

  private String createHolder(SandboxId id, String organization, String image) {
    var spec =
        new DockerContainerSpec(
            id,
            organization,
            DockerLabels.TASK,
            0,
            image,
            List.of("true"),
            Map.of(),
            Optional.empty(),
            settings.helperResources());
    return launcher.create(spec, Fence.ofAttempt(0));
  }

  private InspectVolumeResponse requireHome(SandboxId id) {
    return homes.inspect(id).orElseThrow(() -> SandboxException.noHome(id));
  }
}
