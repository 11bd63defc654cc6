package dev.chowder.cli.instance;

import com.google.gson.JsonParser;
import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Yaml;
import dev.chowder.client.Paged;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code ls}. */
@Command(name = "ls", description = "List instances, newest first")
final class ListCommand extends ApiCommand implements Runnable {
  /** A status by which the API filters, as it writes it. */
  enum Status {
    provisioning,
    running,
    stopped,
    error
  }

  @Option(
      names = "--status",
      paramLabel = "STATUS",
      description = "only provisioning, running, stopped or error")
  private @Nullable Status status;

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

  /** How instances are printed, as users write it. */
  enum Format {
    table,
    wide,
    name,
    json,
    yaml
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description =
          "table for people (default), wide with all columns, name, or json or yaml for programs")
  private Format format = Format.table;

  @Option(
      names = "--columns",
      paramLabel = "COLUMN",
      split = ",",
      description = "columns of the table: ${COMPLETION-CANDIDATES}")
  private List<InstanceColumn> columns = new ArrayList<>();

  @Override
  public void run() {
    Limits.check("--limit", limit);
    checkFormat();
    if (watch && status != null) {
      throw ExitCode.USAGE.failure(
          "--status: must not be used with --watch, which shows all changes");
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

  private void checkFormat() {
    if (watch && format != Format.table && format != Format.json) {
      throw ExitCode.USAGE.failure(
          "--output: must be table or json with --watch; got %s".formatted(format));
    }
    if (quiet && (watch || format != Format.table)) {
      throw ExitCode.USAGE.failure(
          "--quiet: must not be used with --watch or --output, which print more");
    }
    if (!columns.isEmpty() && (quiet || format != Format.table)) {
      throw ExitCode.USAGE.failure("--columns: must not be used with --quiet or --output");
    }
  }

  private Map<String, String> filters() {
    var filters = new LinkedHashMap<String, String>();
    if (status != null) filters.put("status", status.name());
    if (label != null) filters.put("label", label);
    if (namePrefix != null) filters.put("name_prefix", namePrefix);
    return filters;
  }

  private void print(Paged listed, List<Instance> shown) {
    switch (format) {
      case json -> {
        // Each line is an instance, as the lines that follow.
        if (watch) listed.items().forEach(one -> output().json(one.toString()));
        else output().json(listed.json());
      }
      case yaml -> output().print(Yaml.of(JsonParser.parseString(listed.json())));
      case name -> shown.forEach(one -> print(one.getName()));
      case table, wide -> {
        if (quiet) {
          shown.forEach(one -> print(one.getId()));
        } else if (shown.isEmpty() && !watch) {
          say("There are no instances: \"chowder create NAME\" creates one.");
        } else {
          InstanceText.table(shown, columns(), Instant.now()).print(output());
        }
      }
    }
  }

  private List<InstanceColumn> columns() {
    if (format == Format.wide) return List.of(InstanceColumn.values());
    return columns.isEmpty() ? InstanceColumn.USUAL : columns;
  }

  private void follow(Instances instances, List<Instance> shown) {
    boolean isJson = format == Format.json;
    new InstanceChanges(instances, output(), isJson, shown, this::isSelected).followAll();
  }

  /** Watches have no filters, so the client applies them. */
  private boolean isSelected(Instance instance) {
    return (namePrefix == null || instance.getName().startsWith(namePrefix))
        && (label == null
            || instance.getLabelsMap().entrySet().stream()
                .anyMatch(one -> label.equals(one.getKey() + "=" + one.getValue())));
  }
}
