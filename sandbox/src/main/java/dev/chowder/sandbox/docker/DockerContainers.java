package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.WaitResponse;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Manages the containers of one installation, found by label and name. A call whose effect already
 * exists succeeds. Does not know what the containers are for.
 */
record DockerContainers(
    DockerApi engine, DockerSandboxSettings settings, ContainerNames names, SandboxUsers users) {
  private static final Duration RETRY = Duration.ofMillis(50);
  private static final int FREEZE_TRIES = 5;

  /** The engine's names of the states in which a container's process has not ended. */
  private static final Set<String> RUNNING = Set.of("running", "paused", "restarting");

  /** Returns the name of a helper container, which is on no network. */
  static String helperName(SandboxId id, String role) {
    return id + "-" + role;
  }

  /** Lists the containers of one sandbox, or of the whole installation, depending on the labels. */
  List<Container> list(Map<String, String> labels) {
    return engine.call(
        "list containers",
        docker -> docker.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec());
  }

  /**
   * Returns the container with this role. It has another name than one that is created now if it
   * was created by an earlier version, or with a key that the database lost.
   */
  Optional<InspectContainerResponse> find(SandboxId id, String role) {
    return inspect(names.of(id, role))
        .or(
            () ->
                list(DockerLabels.filter(settings.clusterId(), id, role)).stream()
                    // A container that runs has the home volume in use.
                    .min(Comparator.comparingInt(one -> runs(one) ? 0 : 1))
                    .flatMap(one -> inspect(one.getId())));
  }

  Optional<InspectContainerResponse> inspect(String nameOrId) {
    return engine.call(
        "inspect container " + nameOrId,
        docker -> {
          try {
            return Optional.of(docker.inspectContainerCmd(nameOrId).exec());
          } catch (NotFoundException missing) {
            return Optional.empty();
          }
        });
  }

  String create(DockerContainerSpec spec) {
    var name = names.of(spec.id(), spec.role());
    var user = users.of(spec.id(), spec.snapshot());
    return engine.call(
        "create container " + name,
        docker -> spec.create(docker, settings, name, user).exec().getId());
  }

  void start(String nameOrId) {
    engine.run(
        "start container " + nameOrId,
        docker -> {
          try {
            docker.startContainerCmd(nameOrId).exec();
          } catch (NotModifiedException alreadyRuns) {
            // It runs, as requested.
          }
        });
  }

  /** Sends a signal. Does nothing if the container no longer runs. */
  void signal(String nameOrId, String signal) {
    engine.run(
        "send " + signal + " to container " + nameOrId,
        docker -> {
          try {
            docker.killContainerCmd(nameOrId).withSignal(signal).exec();
          } catch (NotFoundException | ConflictException ended) {
            // It ended or was removed meanwhile.
          }
        });
  }

  /** Freezes a container. Does nothing if it is frozen or no longer runs. */
  void freeze(String nameOrId) {
    String what = "pause container " + nameOrId;
    for (int tries = 1; !tryFreeze(what, nameOrId, tries == FREEZE_TRIES); tries++) pause(what);
  }

  /** Returns whether to try no further. */
  private boolean tryFreeze(String what, String nameOrId, boolean isLast) {
    return engine.call(
        what,
        docker -> {
          try {
            docker.pauseContainerCmd(nameOrId).exec();
          } catch (NotFoundException | ConflictException notRunning) {
            // It was frozen, ended or removed meanwhile.
          } catch (InternalServerErrorException refused) {
            // On a busy host, threads of the process start faster than runc freezes them (cgroup
            // v1). It gives up after a second and thaws them.
            if (isLast || !DockerErrors.message(refused).contains("unable to freeze")) {
              throw refused;
            }
            return false;
          }
          return true;
        });
  }

  void unpause(String nameOrId) {
    engine.run(
        "unpause container " + nameOrId,
        docker -> {
          try {
            docker.unpauseContainerCmd(nameOrId).exec();
          } catch (NotFoundException | ConflictException notPaused) {
            // It was thawed, ended or removed meanwhile.
          } catch (InternalServerErrorException refused) {
            // The engine may be thawing it at this moment, because it does so to deliver a signal.
            if (!DockerErrors.meansNotPaused(refused)) throw refused;
          }
        });
  }

  /**
   * Waits until the container does not run. Empty if {@code limit} has passed, or if the container
   * was removed meanwhile.
   */
  Optional<InspectContainerResponse> awaitEnd(String id, Duration limit) {
    String what = "wait for container " + id;
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      boolean ended;
      try (DockerStream<WaitResponse> wait =
          engine.stream(
              what,
              new DockerStream<>(_ -> {}, _ -> {}),
              (docker, stream) -> docker.waitContainerCmd(id).exec(stream))) {
        ended = wait.awaitEnd(left);
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        throw engine.translate(what, stop);
      }
      // The reason why the stream ended does not matter, because the inspection shows the state.
      Optional<InspectContainerResponse> state = inspect(id);
      if (state.isEmpty() || !runs(state.get())) {
        return state;
      }
      if (!ended || System.nanoTime() - deadline >= 0) {
        return Optional.empty();
      }
      pause(what);
    }
  }

  /** Returns whether a listed container runs, frozen or not. */
  static boolean runs(Container listed) {
    return RUNNING.contains(listed.getState());
  }

  static boolean runs(InspectContainerResponse container) {
    return Boolean.TRUE.equals(container.getState().getRunning());
  }

  /** Returns whether the container's process runs or has run. */
  static boolean wasStarted(InspectContainerResponse container) {
    return !"created".equals(container.getState().getStatus());
  }

  static boolean paused(InspectContainerResponse container) {
    return Boolean.TRUE.equals(container.getState().getPaused());
  }

  /**
   * Rejects a call if the container runs and has a later attempt. A process that ended blocks no
   * call: after a restore, the database may know less than the host.
   */
  static void requireNotLater(InspectContainerResponse container, int attempt) {
    if (runs(container)) {
      Fence.requireNotBefore(DockerLabels.attempt(DockerObservations.labels(container)), attempt);
    }
  }

  /** Kills and removes a container, and returns after it is removed. */
  void remove(String nameOrId) {
    String what = "remove container " + nameOrId;
    long deadline = System.nanoTime() + settings.removeTimeout().toNanos();
    while (true) {
      boolean removed =
          engine.call(
              what,
              docker -> {
                try {
                  docker.removeContainerCmd(nameOrId).withForce(true).exec();
                  return true;
                } catch (NotFoundException alreadyGone) {
                  return true;
                } catch (ConflictException inProgress) {
                  return false;
                }
              });
      if (removed || inspect(nameOrId).isEmpty()) {
        return;
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            cannot(what, "it still exists after " + settings.removeTimeout().toMillis() + " ms"));
      }
      pause(what);
    }
  }

  /**
   * Waits briefly before the next check, while another call removes the container or the engine
   * restarts.
   */
  void pause(String what) {
    try {
      Thread.sleep(RETRY);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw engine.translate(what, stop);
    }
  }
}
