package dev.chowder.server.skill;

import com.google.protobuf.ByteString;
import dev.chowder.openclaw.ClawHubLock;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFiles;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes skills away, of which OpenClaw has no call: their folders in a workspace, and what notes
 * that they came from ClawHub. Blocks.
 */
final class SkillFolders {
  private static final Logger LOG = LoggerFactory.getLogger(SkillFolders.class);
  private static final FilePath WORKSPACE = FilePath.parse(OpenClawHome.WORKSPACE);

  private final SandboxDriver driver;

  SkillFolders(SandboxDriver driver) {
    this.driver = driver;
  }

  /** Removes the folder; one that is gone already is as good. */
  void remove(String instanceId, FilePath folder) {
    try {
      var files = driver.files(SandboxId.ofInstance(instanceId), WORKSPACE);
      delete(files, folder);
      forget(files, folder.name());
    } catch (FileRefused odd) {
      throw ApiError.of(
          Reason.SKILL_NOT_REMOVABLE, "skill: behind a link (expected: a folder of the workspace)");
    } catch (SandboxException why) {
      LOG.warn("skills: {}", why.getMessage());
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE, "sandbox: cannot be reached (expected: an answer)");
    }
  }

  private static void delete(SandboxFiles files, FilePath folder) {
    try {
      files.delete(folder, true);
    } catch (FileRefused why) {
      if (why.reason() != FileRefused.Reason.NOT_FOUND) throw why;
    }
  }

  private static void forget(SandboxFiles files, String slug) {
    try {
      ClawHubLock.without(read(files), slug)
          .ifPresent(
              lock ->
                  files.write(
                      to -> {
                        lock.writeTo(to);
                        return ClawHubLock.FILE;
                      }));
    } catch (FileRefused none) {
      // Nothing came from ClawHub, or the agent put something else there.
    }
  }

  private static ByteString read(SandboxFiles files) {
    var all = ByteString.newOutput();
    files.read(
        ClawHubLock.FILE,
        ClawHubLock.MAX_BYTES,
        new SandboxFiles.Reader() {
          @Override
          public SandboxFiles.Part begin(SandboxFiles.Entry file) {
            return new SandboxFiles.Part(0, file.size());
          }

          @Override
          public void content(ByteString bytes) throws IOException {
            bytes.writeTo(all);
          }
        });
    return all.toByteString();
  }
}
