package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Stage;
import dev.chowder.cli.output.Fields;
import dev.chowder.cli.output.Spans;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Describes instances for people. */
final class InstanceText {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
  private static final double MIB = 1 << 20;

  private InstanceText() {}

  /** Returns the table of a list. */
  static Table table(List<Instance> instances, List<InstanceColumn> columns, Instant now) {
    var table = new Table(columns.stream().map(InstanceColumn::title).toArray(String[]::new));
    for (var one : instances) {
      table.row(columns.stream().map(column -> column.of(one, now)).toArray(String[]::new));
    }
    return table;
  }

  /** Returns the time since the creation; empty if it is unknown. */
  static String age(Instance instance, Instant now) {
    return instance.hasCreatedAt()
        ? Spans.age(Duration.between(Times.instant(instance.getCreatedAt()), now))
        : "";
  }

  /**
   * Returns the line of a change. Only its last column has a variable width, since the next changes
   * are unknown.
   */
  static String change(Instance instance, Instant now) {
    return "%s  %-36s  %-28s  %s"
        .formatted(
            TIME.format(now.atZone(ZoneId.systemDefault())),
            instance.getId(),
            status(instance),
            instance.getName());
  }

  /**
   * Returns the status with what explains it: the status that is desired, the stage in progress,
   * the level of sleep, or the reason of the error.
   */
  static String status(Instance instance) {
    var text = instance.getStatus().name();
    boolean moves =
        instance.getDesiredStatus() != instance.getStatus()
            && instance.getDesiredStatus() != Instance.Status.unspecified
            && instance.getStatus() != Instance.Status.provisioning;
    if (moves) text += " -> " + instance.getDesiredStatus().name();
    var detail =
        instance.hasStage()
            ? instance.getStage()
            : instance.hasErrorReason()
                ? instance.getErrorReason()
                : instance.hasSleepLevel() ? instance.getSleepLevel().name() : "";
    return detail.isEmpty() ? text : text + " (" + detail + ")";
  }

  /** Returns all that people want to know about one instance. */
  static List<String> details(Instance instance) {
    var fields =
        new Fields()
            .add("name", instance.getName())
            .add("id", instance.getId())
            .add("status", status(instance))
            .add("error", instance.getErrorMessage())
            .add("served by", instance.hasServedBy() ? instance.getServedBy().name() : "")
            .add("model", model(instance))
            .add("gateway url", instance.getGatewayUrl())
            .add("openclaw", instance.getOpenclawVersion())
            .add("region", instance.getRegion())
            .add("labels", labels(instance.getLabelsMap()))
            .add("config", instance.hasOpenclawConfig() ? "set; shown by -o json" : "")
            .add("memory", mebibytes(instance.getMemoryBytes()))
            .add("swap", mebibytes(instance.getSwapBytes()))
            .add("created", instance.hasCreatedAt() ? Times.text(instance.getCreatedAt()) : "")
            .add("updated", instance.hasUpdatedAt() ? Times.text(instance.getUpdatedAt()) : "");
    var lines = new ArrayList<>(fields.lines());
    if (instance.getStagesCount() > 0) {
      var table = new Table("STAGE", "OUTCOME", "TIME", "NOTE");
      for (var stage : instance.getStagesList()) {
        table.row(stage.getName(), outcome(stage), duration(stage), stage.getNote());
      }
      lines.add("");
      lines.addAll(table.lines());
    }
    return lines;
  }

  /** Returns a sentence for each problem that did not stop the last start. */
  static List<String> notes(Instance instance) {
    return instance.getStagesList().stream()
        .filter(stage -> !stage.getNote().isEmpty())
        .map(
            stage ->
                "chowder: the last start of %s noted at stage %s: %s."
                    .formatted(instance.getName(), stage.getName(), stage.getNote()))
        .toList();
  }

  private static String outcome(Stage stage) {
    return stage.hasOutcome() ? stage.getOutcome().name() : "in progress";
  }

  private static String duration(Stage stage) {
    return stage.hasDurationMs() ? Spans.precise(Duration.ofMillis(stage.getDurationMs())) : "";
  }

  static String model(Instance instance) {
    return instance.getModel().isEmpty()
        ? instance.getModelProvider()
        : instance.getModelProvider() + "/" + instance.getModel();
  }

  static String labels(Map<String, String> labels) {
    return labels.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(label -> label.getKey() + "=" + label.getValue())
        .collect(Collectors.joining(", "));
  }

  static String mebibytes(double bytes) {
    return bytes <= 0 ? "" : Math.round(bytes / MIB) + " MiB";
  }
}
