package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceWait.Seen;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code wait}. */
@Command(
    name = "wait",
    description = "Wait until instances have a status, and change nothing",
    footer = {"", "Example: chowder wait my-agent --for stopped --timeout 2m"})
final class WaitCommand extends ApiCommand implements Runnable {
  @Mixin private InstanceArguments arguments = new InstanceArguments();

  @Option(names = "--for", paramLabel = "STATUS", description = "running (default) or stopped")
  private Goal goal = Goal.running;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "longest wait for all instances, such as 90s, 10m or 1h (default: 10m)")
  private Duration timeout = Duration.ofMinutes(10);

  @Mixin private OutputFormat format = new OutputFormat();

  /** A status to wait for, as the API writes it. */
  enum Goal {
    running(Instance.Status.running),
    stopped(Instance.Status.stopped);

    private final Instance.Status status;

    Goal(Instance.Status status) {
      this.status = status;
    }
  }

  @Override
  public void run() {
    var limit = Deadline.after(timeout);
    EachInstance.run(invocation(), arguments.select(api()).names(), name -> await(name, limit));
  }

  private void await(String name, Deadline limit) {
    var instances = new Instances(api());
    var seen = Seen.of(instances.get(InstanceNames.id(api(), name)));
    seen =
        InstanceWait.forOthers(instances, invocation().notices()).until(seen, goal.status, limit);
    if (format.isJson()) output().json(seen.json());
  }
}
