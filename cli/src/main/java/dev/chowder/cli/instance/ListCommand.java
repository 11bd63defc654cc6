package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Paged;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code ls}. */
@Command(name = "ls", description = "List instances, newest first")
final class ListCommand extends ApiCommand implements Runnable {
  @Option(
      names = "--status",
      paramLabel = "STATUS",
      completionCandidates = Candidates.Statuses.class,
      description = "only provisioning, running, stopped or error")
  private @Nullable String status;

  @Option(
      names = {"-l", "--label"},
      paramLabel = "KEY=VALUE",
      description = "only instances with this label")
  private @Nullable String label;

  @Option(
      names = "--name-prefix",
      paramLabel = "TEXT",
      description = "only instances whose name begins with it")
  private @Nullable String namePrefix;

  @Option(
      names = "--limit",
      paramLabel = "NUMBER",
      description = "most instances to list (default: 1000)")
  private int limit = 1000;

  @Option(
      names = {"-q", "--quiet"},
      description = "print only ids")
  private boolean quiet;

  @Option(
      names = {"-w", "--watch"},
      description = "then print a line for each change")
  private boolean watch;

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    Limits.check("--limit", limit);
    if (watch && status != null) {
      throw ExitCode.USAGE.failure(
          "--status: must not be used with --watch, which shows all changes");
    }
    if (quiet && (watch || format.isJson())) {
      throw ExitCode.USAGE.failure(
          "--quiet: must not be used with --watch or -o json, which print more");
    }
    var instances = new Instances(api());
    var listed = instances.list(filters(), limit);
    var shown = listed.as(Instance.getDefaultInstance());
    print(listed, shown);
    if (listed.hasMore()) {
      say("There are more than these %d instances: use --limit.".formatted(shown.size()));
    }
    if (watch) {
      output().flush();
      follow(instances, shown);
    }
  }

  private Map<String, String> filters() {
    var filters = new LinkedHashMap<String, String>();
    if (status != null) filters.put("status", status);
    if (label != null) filters.put("label", label);
    if (namePrefix != null) filters.put("name_prefix", namePrefix);
    return filters;
  }

  private void print(Paged listed, List<Instance> shown) {
    if (format.isJson() && watch) {
      // Each line is an instance, as the lines that follow.
      listed.items().forEach(one -> output().json(one.toString()));
    } else if (format.isJson()) {
      output().json(listed.json());
    } else if (quiet) {
      shown.forEach(one -> print(one.getId()));
    } else if (shown.isEmpty() && !watch) {
      say("There are no instances: \"chowder create NAME\" creates one.");
    } else {
      InstanceText.table(shown, Instant.now()).lines().forEach(output()::line);
    }
  }

  private void follow(Instances instances, List<Instance> shown) {
    new InstanceChanges(instances, output(), format.isJson(), shown, this::isSelected).followAll();
  }

  /** Watches have no filters, so the client applies them. */
  private boolean isSelected(Instance instance) {
    return (namePrefix == null || instance.getName().startsWith(namePrefix))
        && (label == null
            || instance.getLabelsMap().entrySet().stream()
                .anyMatch(one -> label.equals(one.getKey() + "=" + one.getValue())));
  }
}
