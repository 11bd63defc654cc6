package dev.chowder.cli.instance;

import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.failure.ClientException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code chat}. */
@Command(
    name = "chat",
    description = "Send messages to an agent and print its answers as they arrive",
    footer = {
      "",
      "Without a message, it reads one from standard input. On a terminal, each line is a",
      "message, until Ctrl-D."
    })
final class ChatCommand extends ApiCommand implements Runnable {
  /** The limit of the API for a whole request. */
  private static final int MAX_MESSAGE = 4 << 20;

  @Mixin private InstanceArgument instance = new InstanceArgument();

  @Parameters(
      index = "1..*",
      paramLabel = "MESSAGE",
      description = "the message; several words are joined")
  private List<String> words = new ArrayList<>();

  @Option(
      names = "--session",
      paramLabel = "SESSION",
      description = "conversation of its own, created by its first message (default: main)")
  private String session = "";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "longest time of an answer, such as 90s or 10m (default: 10m)")
  private Duration timeout = Duration.ofMinutes(10);

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    boolean isDialog = words.isEmpty() && invocation().environment().terminals().input();
    // Before the calls, so that an empty message reaches no server.
    var message = isDialog ? "" : words.isEmpty() ? input() : String.join(" ", words);
    if (!isDialog && message.isBlank()) {
      throw ExitCode.USAGE.failure("message: must not be blank; got nothing");
    }
    var id = instance.name();
    if (!InstanceNames.isId(id)) {
      // The list of names has what the last start found, such as a model that cannot be reached.
      var named = InstanceNames.named(api(), id);
      InstanceText.notes(named).forEach(this::say);
      id = InstanceNames.id(named);
    }
    var conversation = new Conversation(api(), output(), id, session, timeout);
    if (isDialog) {
      talk(conversation);
    } else {
      say(conversation, message);
    }
  }

  private void say(Conversation conversation, String message) {
    if (format.isJson()) {
      conversation.sayForJson(message);
    } else {
      conversation.say(message);
    }
  }

  /** Sends each line. A failed message does not end the conversation. */
  private void talk(Conversation conversation) {
    var reader =
        new BufferedReader(
            new InputStreamReader(invocation().environment().input(), StandardCharsets.UTF_8));
    while (true) {
      invocation().notices().prompt("> ");
      var line = line(reader);
      if (line == null) {
        say("");
        return;
      }
      if (line.isBlank()) continue;
      try {
        say(conversation, line);
      } catch (ClientException failure) {
        goOn(ClientFailure.of(failure));
      } catch (CommandException failure) {
        goOn(failure);
      }
    }
  }

  /** Prints the failure of a message, unless all later ones would fail as well. */
  private void goOn(CommandException failure) {
    if (failure.code() == ExitCode.OUTPUT_CLOSED || failure.code() == ExitCode.DENIED) {
      throw failure;
    }
    invocation().report(failure);
  }

  private static @Nullable String line(BufferedReader reader) {
    try {
      return reader.readLine();
    } catch (IOException unreadable) {
      throw unreadable(unreadable);
    }
  }

  private String input() {
    try {
      var bytes = invocation().environment().input().readNBytes(MAX_MESSAGE + 1);
      if (bytes.length > MAX_MESSAGE) {
        throw ExitCode.USAGE.failure(
            "message: must be at most 4 MiB; got more from standard input");
      }
      return new String(bytes, StandardCharsets.UTF_8).stripTrailing();
    } catch (IOException unreadable) {
      throw unreadable(unreadable);
    }
  }

  private static CommandException unreadable(IOException cause) {
    return ExitCode.FAILED.failure(
        "cannot read the message from standard input; give it as an argument", cause);
  }
}
