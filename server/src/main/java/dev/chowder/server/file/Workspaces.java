package dev.chowder.server.file;

import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFiles;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.SharedPermits;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.instance.InstanceClient;
import java.util.Map;
import java.util.function.Function;

/**
 * Finds the caller's workspaces, and bounds how many are being worked in at once. Blocks; what a
 * driver refuses leaves it as an error of the API.
 */
final class Workspaces {
  private static final FilePath FOLDER = FilePath.parse(OpenClawHome.WORKSPACE);

  private final InstanceClient client;
  private final SandboxDriver driver;
  private final SharedPermits permits;

  Workspaces(InstanceClient client, SandboxDriver driver, int maxOpen) {
    this.client = client;
    this.driver = driver;
    this.permits = new SharedPermits("open file calls", maxOpen);
  }

  /** Makes sure that the caller's instance has a workspace. */
  void require(Caller caller, InstanceId id) {
    var view = client.get(caller, id);
    if (view.ranBefore()) return;
    var status = view.status().now().label();
    throw ApiError.wrongState(
        "status: " + status + " (expected: one that ran before, so that it has a workspace)",
        Map.of("status", status, "desired_status", view.status().desired().label()));
  }

  /** Runs the work with a permit, in a workspace that {@link #require} returned. */
  <T> T in(Caller caller, InstanceId id, Function<SandboxFiles, T> work) {
    try (var _ = permits.acquire(caller.organizationId())) {
      return work.apply(driver.files(SandboxId.ofInstance(id.value()), FOLDER));
    } catch (FileRefused why) {
      throw FileErrors.error(why);
    } catch (SandboxException why) {
      throw FileErrors.error(why);
    }
  }

  /** The same as one step. */
  <T> T of(String instanceId, Function<SandboxFiles, T> work) {
    var id = FileRequests.instance(instanceId);
    var caller = Caller.current();
    require(caller, id);
    return in(caller, id, work);
  }

  static ApiError notText(FilePath path) {
    return ApiError.of(
        Reason.FILE_NOT_TEXT, path + ": not UTF-8 (expected: text; download what is none)");
  }
}
