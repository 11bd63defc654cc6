package dev.chowder.sandbox.docker;

import static java.util.Objects.requireNonNull;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.chowder.base.Sha256;
import dev.chowder.sandbox.SandboxId;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/**
 * Chooses the user of the host that a sandbox's processes run as. The kernel counts inotify
 * instances, pipes, keys and pending signals of each user, so a sandbox with a user of its own
 * cannot take those of others. The user depends on the sandbox's id alone: it needs no record, and
 * each node computes the same. Two sandboxes with the same user still cannot reach each other's
 * files.
 */
final class SandboxUsers {
  /** The user of images that run as no other one, and of homes of earlier versions. */
  static final int IMAGE_USER = 1000;

  /** The group of all sandboxes. */
  static final int GROUP = 1000;

  private static final String IMAGE_LABEL = "dev.chowder.image.users";
  private static final int HASH_DIGITS = 15;

  private final DockerApi engine;
  private final DockerSandboxSettings settings;
  private final Set<String> forAnyUser = ConcurrentHashMap.newKeySet();
  private volatile BooleanSupplier allowed = () -> true;

  SandboxUsers(DockerApi engine, DockerSandboxSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  /**
   * Sets the condition for users of the range.
   *
   * @param allowed returns whether all nodes change the owner of a home to its sandbox's user
   */
  void allow(BooleanSupplier allowed) {
    this.allowed = allowed;
  }

  /** Returns the user and the group of a container that is created now. */
  String of(SandboxId id, String snapshot) {
    return userId(id, snapshot) + ":" + GROUP;
  }

  /** Returns the user of a container of a sandbox. */
  static int of(InspectContainerResponse container) {
    var userAndGroup = userAndGroup(container);
    return Integer.parseInt(userAndGroup.substring(0, userAndGroup.indexOf(':')));
  }

  /**
   * Returns whether a container that is created now from the same image would have the same user.
   * Finds the image by its id, because its name may have been removed.
   */
  boolean agree(SandboxId id, InspectContainerResponse container) {
    return userAndGroup(container).equals(of(id, requireNonNull(container.getImageId())));
  }

  private static String userAndGroup(InspectContainerResponse container) {
    return requireNonNull(requireNonNull(container.getConfig()).getUser());
  }

  private int userId(SandboxId id, String snapshot) {
    if (!allowed.getAsBoolean() || !servesAnyUser(snapshot)) return IMAGE_USER;
    long hash = Long.parseLong(Sha256.hex(id.value()).substring(0, HASH_DIGITS), 16);
    return settings.firstUser() + (int) (hash % settings.users());
  }

  /** Returns whether OpenClaw runs as any user in the image. Images of earlier versions do not. */
  private boolean servesAnyUser(String snapshot) {
    if (forAnyUser.contains(snapshot)) return true;
    boolean serves =
        engine.call(
            "inspect image " + snapshot,
            docker -> {
              try {
                var config = docker.inspectImageCmd(snapshot).exec().getConfig();
                var labels = config == null ? null : config.getLabels();
                return labels != null && "any".equals(labels.get(IMAGE_LABEL));
              } catch (NotFoundException missing) {
                return false;
              }
            });
    if (serves) forAnyUser.add(snapshot);
    return serves;
  }
}
