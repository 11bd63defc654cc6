package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateVolumeResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Manages home directories: one labelled volume each, with the sandbox's name. The engine fills a
 * volume from the image when it creates the first container.
 */
final class DockerHomes {
  private static final Logger LOG = LoggerFactory.getLogger(DockerHomes.class);

  private final DockerApi engine;
  private final DockerSandboxSettings settings;
  private volatile boolean quotas = true;

  DockerHomes(DockerApi engine, DockerSandboxSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  /** Creates a home. An existing one stays as it is; one of another generation is an error. */
  void create(SandboxSpec spec) {
    SandboxId id = spec.id();
    Map<String, String> labels =
        new HashMap<>(DockerLabels.ofHome(settings.clusterId(), id, spec.organizationId()));
    labels.put(DockerLabels.SNAPSHOT, spec.snapshot());
    if (spec.generation() > 0) {
      labels.put(DockerLabels.GENERATION, Integer.toString(spec.generation()));
    }
    // The engine returns the volume that exists now, even if another call created it.
    var volume = engine.call("create volume " + id, docker -> create(docker, spec, labels));
    new Fence(0, spec.generation())
        .requireHome(id, Optional.of(DockerLabels.generation(volume.getLabels())));
  }

  /** Creates the volume, with a quota if the engine's file system has project quotas. */
  private CreateVolumeResponse create(
      DockerClient docker, SandboxSpec spec, Map<String, String> labels) {
    SandboxId id = spec.id();
    long quota = spec.resources().diskBytes();
    var volume = docker.createVolumeCmd().withName(id.value()).withLabels(labels);
    if (quota > 0 && quotas) {
      try {
        return volume.withDriverOpts(Map.of("size", Long.toString(quota))).exec();
      } catch (DockerException refused) {
        var message = String.valueOf(refused.getMessage());
        quotas = !message.contains("no quota support");
        LOG.info(
            "volume={} event=no-quota: Chowder only measures its size: {}", id, message.strip());
      }
    }
    return docker.createVolumeCmd().withName(id.value()).withLabels(labels).exec();
  }

  /** Returns the generation of the existing home volume; empty if there is none. */
  Optional<Integer> generation(SandboxId id) {
    return inspect(id).map(home -> DockerLabels.generation(home.getLabels()));
  }

  Optional<InspectVolumeResponse> inspect(SandboxId id) {
    return engine.call(
        "inspect volume " + id,
        docker -> {
          try {
            return Optional.of(docker.inspectVolumeCmd(id.value()).exec());
          } catch (NotFoundException missing) {
            return Optional.empty();
          }
        });
  }

  /** Returns a label of a volume. A volume that the engine created itself lacks some of them. */
  static String label(InspectVolumeResponse home, String name) {
    Map<String, String> labels = home.getLabels();
    String value = labels == null ? null : labels.get(name);
    if (value == null) {
      throw SandboxException.notFound("use volume " + home.getName(), "it has no label " + name);
    }
    return value;
  }

  List<InspectVolumeResponse> list() {
    return engine.call(
        "list volumes",
        docker -> {
          List<InspectVolumeResponse> found =
              docker
                  .listVolumesCmd()
                  .withFilter("label", List.of(DockerLabels.CLUSTER + "=" + settings.clusterId()))
                  .exec()
                  .getVolumes();
          return found == null ? List.of() : found;
        });
  }

  /**
   * Removes a volume that the engine created itself for a container because the home volume was
   * gone. The volume stays while a container uses it.
   */
  void removeEngineCreated(SandboxId id) {
    var _ = remove(id, new Fence(0, DockerLabels.NO_HOME));
  }

  /**
   * Removes the home volume within the fence. Docker removes by name alone, so the label is
   * compared immediately before. Docker never removes a volume that a container uses, even a
   * stopped one.
   *
   * @return false if a container uses it
   */
  boolean remove(SandboxId id, Fence fence) {
    if (generation(id).filter(fence::allowsHome).isEmpty()) return true;
    return engine.call(
        "remove volume " + id,
        docker -> {
          try {
            docker.removeVolumeCmd(id.value()).exec();
            return true;
          } catch (NotFoundException alreadyGone) {
            return true;
          } catch (ConflictException inUse) {
            return false;
          }
        });
  }
}
