package dev.chowder.cli.instance;

import dev.chowder.api.v1.LogLine;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.TextFilter;
import dev.chowder.client.EventStream.Part;
import dev.chowder.client.Reply;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code logs}. */
@Command(name = "logs", description = "Print the log of an instance's gateway")
final class LogsCommand extends ApiCommand implements Runnable {
  private static final int MAX_LINES = 5000;
  private static final Duration SILENCE_LIMIT = Duration.ofSeconds(60);
  private static final Duration FLUSH_AFTER = Duration.ofMillis(50);

  @Mixin private InstanceArgument instance = new InstanceArgument();

  @Option(
      names = {"-f", "--follow"},
      description = "keep printing new lines until it is interrupted")
  private boolean follow;

  @Option(
      names = {"-n", "--lines", "--tail"},
      paramLabel = "NUMBER",
      description = "existing lines to print, 0 to 5000 (default: 200)")
  private int lines = 200;

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    if (lines < 0 || lines > MAX_LINES) {
      throw ExitCode.USAGE.failure("--lines: must be 0 to %d; got %d".formatted(MAX_LINES, lines));
    }
    var instances = new Instances(api());
    var id = instance.id(api());
    try (var stream = instances.logs(id, lines, follow)) {
      var silent = Duration.ZERO;
      while (true) {
        switch (stream.poll(FLUSH_AFTER)) {
          case Part.Data(var json) -> {
            printEntry(json);
            silent = Duration.ZERO;
          }
          case Part.End(var failure) -> {
            if (failure == null && !follow) return;
            throw ExitCode.UNAVAILABLE.failure(
                "the server ended the log; repeat the command for later lines");
          }
          case null -> {
            output().flush();
            silent = silent.plus(FLUSH_AFTER);
            if (!follow && silent.compareTo(SILENCE_LIMIT) > 0) {
              throw ExitCode.TIMED_OUT.failure(
                  "the server sent no line for 60 s; repeat the command");
            }
          }
        }
      }
    }
  }

  private void printEntry(String json) {
    if (format.print(output(), json)) return;
    var text = Reply.parse(json, LogLine.getDefaultInstance()).getText();
    // A filter for each line, because a line must not hide the next one.
    print(new TextFilter().next(text));
  }
}
