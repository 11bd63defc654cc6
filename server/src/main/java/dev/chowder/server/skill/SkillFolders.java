package dev.chowder.server.skill;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceView;
import dev.chowder.openclaw.ClawHubLock;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.error.ApiError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the folders of skills from workspaces, and their entries in ClawHub's lock file. OpenClaw
 * has no call for it. Blocks.
 */
record SkillFolders(Sandboxes sandboxes) {
  private static final Logger LOG = LoggerFactory.getLogger(SkillFolders.class);
  private static final FilePath WORKSPACE = FilePath.parse(OpenClawHome.WORKSPACE);

  /** Removes the folder of the instance, if it exists. */
  void remove(InstanceView instance, FilePath folder) {
    var sandbox = sandboxes.of(instance.id().value(), instance.profile().home());
    try {
      var files = sandbox.folder(WORKSPACE);
      delete(files, folder);
      forget(files, folder.name());
    } catch (FileRefused why) {
      throw ApiError.of(
          Reason.SKILL_NOT_REMOVABLE,
          must("skill", "be in a folder of the workspace", "a path through a symbolic link"));
    } catch (SandboxException why) {
      LOG.warn("cannot remove a skill: {}", why.getMessage());
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          why.reason() == SandboxException.Reason.ELSEWHERE
              ? cannot("remove the skill", "this node does not have the host of its sandbox")
              : cannot("remove the skill", "its sandbox does not respond", "try again later"));
    }
  }

  private static void delete(HomeFolder files, FilePath folder) {
    try {
      files.delete(folder, true);
    } catch (FileRefused why) {
      if (why.reason() != FileRefused.Reason.NOT_FOUND) throw why;
    }
  }

  private static void forget(HomeFolder files, String slug) {
    try {
      ClawHubLock.without(files.read(ClawHubLock.FILE, ClawHubLock.MAX_BYTES), slug)
          .ifPresent(
              lock ->
                  files.write(
                      to -> {
                        lock.writeTo(to);
                        return ClawHubLock.FILE;
                      }));
    } catch (FileRefused none) {
      // No skill was installed from ClawHub, or the agent replaced the lock file by something else.
    }
  }
}
