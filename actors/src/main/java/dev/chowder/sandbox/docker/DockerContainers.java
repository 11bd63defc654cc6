package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.WaitResponse;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The containers of one installation, found by label and name; every verb counts "already so" as
 * success. Knows nothing of what they are for.
 */
final class DockerContainers {
  private static final Duration RETRY = Duration.ofMillis(50);

  private final DockerEngine engine;
  private final DockerSandboxSettings settings;

  DockerContainers(DockerEngine engine, DockerSandboxSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  static String name(SandboxId id, String role) {
    return id + "-" + role;
  }

  /** Those of one sandbox, or all of the installation's where the filter says so. */
  List<Container> list(Map<String, String> labels) {
    return engine.call(
        "list containers",
        docker -> docker.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec());
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
    return engine.call(
        "create container " + spec.name(), docker -> spec.create(docker, settings).exec().getId());
  }

  void start(String nameOrId) {
    engine.tell(
        "start container " + nameOrId,
        docker -> {
          try {
            docker.startContainerCmd(nameOrId).exec();
          } catch (NotModifiedException alreadyRuns) {
            // That is what was asked for.
          }
        });
  }

  /** Sends a signal; one that does not run any more has no use for it. */
  void signal(String nameOrId, String signal) {
    engine.tell(
        "send " + signal + " to container " + nameOrId,
        docker -> {
          try {
            docker.killContainerCmd(nameOrId).withSignal(signal).exec();
          } catch (NotFoundException | ConflictException ended) {
            // It ended or was removed meanwhile.
          }
        });
  }

  void unpause(String nameOrId) {
    engine.tell(
        "unpause container " + nameOrId,
        docker -> {
          try {
            docker.unpauseContainerCmd(nameOrId).exec();
          } catch (NotFoundException | ConflictException notPaused) {
            // It was thawed, ended or removed meanwhile.
          } catch (InternalServerErrorException refused) {
            // An engine thaws by itself to deliver a signal, maybe at this moment.
            if (!DockerErrors.saysThawed(refused)) throw refused;
          }
        });
  }

  /** Waits until it does not run; empty when {@code limit} is over, or it was removed meanwhile. */
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
      // Why the stream ended does not matter: the engine is asked, and says when it is gone.
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

  static boolean runs(InspectContainerResponse container) {
    return Boolean.TRUE.equals(container.getState().getRunning());
  }

  static boolean paused(InspectContainerResponse container) {
    return Boolean.TRUE.equals(container.getState().getPaused());
  }

  /** Kills and removes it, and returns when it is gone. */
  void remove(String nameOrId) {
    String what = "remove container " + nameOrId;
    long deadline = System.nanoTime() + settings.removeTimeout().toNanos();
    while (true) {
      boolean gone =
          engine.call(
              what,
              docker -> {
                try {
                  docker.removeContainerCmd(nameOrId).withForce(true).exec();
                  return true;
                } catch (NotFoundException alreadyGone) {
                  return true;
                } catch (ConflictException underWay) {
                  return false;
                }
              });
      if (gone || inspect(nameOrId).isEmpty()) {
        return;
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            what + ": still there after " + settings.removeTimeout().toMillis() + " ms");
      }
      pause(what);
    }
  }

  /** Somebody else removes it, or the engine just came back: the next look comes a little later. */
  void pause(String what) {
    try {
      Thread.sleep(RETRY);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw engine.translate(what, stop);
    }
  }
}
