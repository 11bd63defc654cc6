package dev.chowder.sandbox;

import java.time.Duration;
import java.util.List;

/**
 * Runs commands that end by themselves in the sandboxes of an engine. The rules of {@link
 * SandboxEngine} for calls and exceptions apply.
 */
public interface SandboxTasks {
  /**
   * Runs a task in its own container and returns when it ends. First removes the previous task or
   * main process of this sandbox. While one of a later attempt runs, removes nothing and fails with
   * {@link SandboxException.Reason#REFUSED}.
   *
   * @param limit maximum duration; after it the task is killed and the call fails with {@link
   *     SandboxException.Reason#TIMED_OUT}
   */
  TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit);

  /**
   * Runs a command in the container of the main process and returns when it ends. Only for commands
   * that read: the call has no fence, so a late one also runs in a later attempt, and changes in
   * the home directory persist. Fails with {@link SandboxException.Reason#NOT_FOUND} if no main
   * process runs.
   *
   * @param limit maximum duration in whole seconds; after it the command is killed and the call
   *     fails with {@link SandboxException.Reason#TIMED_OUT}
   * @return a result with only the tail of stdout as {@code output}
   */
  TaskResult exec(SandboxId id, List<String> command, Duration limit);
}
