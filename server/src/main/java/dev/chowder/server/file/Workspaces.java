package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.shown;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.rate.SharedPermits;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Runs work in the workspaces of callers, and limits how much of it runs at once. Blocks. Converts
 * the errors of the sandbox engine to errors of the API.
 */
final class Workspaces {
  private static final FilePath FOLDER = FilePath.parse(OpenClawHome.WORKSPACE);

  private final InstanceClient client;
  private final Sandboxes sandboxes;
  private final HomeLimit limit;
  private final Duration endSleepLimit;
  private final SharedPermits permits;

  Workspaces(InstanceClient client, Sandboxes sandboxes, FileSettings settings) {
    this.client = client;
    this.sandboxes = sandboxes;
    this.limit = new HomeLimit(sandboxes, settings);
    this.endSleepLimit = settings.endSleepTimeout();
    this.permits = new SharedPermits("open file calls", settings.maxOpen());
  }

  /** Throws unless the caller's instance exists and has a workspace. */
  void require(Caller caller, InstanceId id) {
    var view = client.get(caller, id);
    if (view.ranBefore()) return;
    var status = view.status().now().label();
    throw ApiError.wrongState(
        cannot(
            "open the workspace",
            "the instance never ran, and its status is " + status,
            "try again after its first start"),
        Map.of("status", status, "desired_status", view.status().desired().label()));
  }

  /**
   * Returns a file, whose content throws once the home volume of the instance is over its limit.
   */
  HomeFolder.Content limited(Caller caller, InstanceId id, HomeFolder.Content content) {
    return limit.of(client.get(caller, id), content);
  }

  /** Returns files, whose content throws once the home volume of the instance is over its limit. */
  HomeFolder.TreeContent limitedTree(Caller caller, InstanceId id, HomeFolder.TreeContent from) {
    return limit.ofTree(client.get(caller, id), from);
  }

  /** Runs work that changes files. A frozen gateway would overwrite them after its thaw. */
  <T> T change(Caller caller, InstanceId id, Function<HomeFolder, T> work) {
    return client.change(caller, id, endSleepLimit, () -> in(caller, id, work));
  }

  /**
   * Runs work that must see all files as the agent left them. A gateway may write files when it
   * ends, so a frozen one is ended first.
   */
  <T> T export(Caller caller, InstanceId id, Function<HomeFolder, T> work) {
    client.endSleep(caller, id, endSleepLimit);
    return in(caller, id, work);
  }

  /** Runs the work with a permit. Call {@link #require} first. */
  <T> T in(Caller caller, InstanceId id, Function<HomeFolder, T> work) {
    return in(caller, id, FOLDER, work);
  }

  private <T> T in(Caller caller, InstanceId id, FilePath folder, Function<HomeFolder, T> work) {
    try (var _ = permits.acquire(caller.organizationId())) {
      var home = client.get(caller, id).profile().home();
      return work.apply(sandboxes.of(id.value(), home).folder(folder));
    } catch (FileRefused why) {
      throw FileErrors.error(why);
    } catch (SandboxException why) {
      throw FileErrors.error(why);
    }
  }

  /**
   * Runs work in the whole home directory of an agent that was stopped because of its size. No
   * process uses it then.
   */
  <T> T inFullHome(Caller caller, InstanceId id, Function<HomeFolder, T> work) {
    var view = client.get(caller, id);
    if (!view.errorReason().equals(Optional.of("DISK_FULL"))) {
      var status = view.status().now().label();
      throw ApiError.wrongState(
          must("home", "be false unless the instance is in error with DISK_FULL", status),
          Map.of("status", status, "desired_status", view.status().desired().label()));
    }
    return in(caller, id, FilePath.ROOT, work);
  }

  /** Checks the instance of the current caller, and runs the work. */
  <T> T of(String instanceId, Function<HomeFolder, T> work) {
    var id = FileRequests.instance(instanceId);
    var caller = Caller.current();
    require(caller, id);
    return in(caller, id, work);
  }

  static ApiError notText(FilePath path) {
    return ApiError.of(
        Reason.FILE_NOT_TEXT,
        cannot("read " + shown(path) + " as text", "it is not UTF-8", "download it instead"));
  }
}
