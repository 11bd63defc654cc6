package dev.chowder.cli.instance;

import dev.chowder.cli.command.Json;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Output;
import dev.chowder.cli.output.Printable;
import dev.chowder.cli.output.TextFilter;
import dev.chowder.client.Api;
import dev.chowder.client.EventStream;
import dev.chowder.client.EventStream.Part;
import java.time.Duration;

/**
 * Sends messages to one session of an agent and prints the answers as they arrive.
 *
 * @param session empty for the agent's session {@code main}
 * @param limit the longest time of one answer
 */
record Conversation(Api api, Output output, String id, String session, Duration limit) {
  /**
   * The gateway reports this if its token was rotated as the message arrived. The agent did not
   * begin to process it (docs/REST.md, CreateResponse).
   */
  private static final String NOT_BEGUN = "Gateway requester authority changed";

  /** Sends a message and prints the text of the answer. */
  void say(String message) {
    boolean isProcessed = stream(message);
    if (!isProcessed) isProcessed = stream(message);
    if (isProcessed) return;
    throw ExitCode.UNAVAILABLE.failure(
        "the gateway's token was replaced during the message; send it again");
  }

  /** Sends a message and prints the answer as JSON. */
  void sayForJson(String message) {
    var request = Json.of("input", message);
    var answer = api.send(Instances.message(id, session, request, limit)).json();
    var failure = AgentAnswer.failureOf(answer);
    if (!failure.equals(AgentAnswer.NO_JSON)) output.json(answer);
    if (!failure.isEmpty()) throw failed(failure);
  }

  /** Returns whether the agent processed the message: if not, it did not begin to. */
  private boolean stream(String message) {
    var deadline = Deadline.after(limit);
    var request = Json.of("input", message);
    request.addProperty("stream", true);
    var filter = new TextFilter();
    boolean hasText = false;
    try (var stream = api.stream(Instances.message(id, session, request, limit))) {
      while (true) {
        switch (next(stream, deadline)) {
          case AgentAnswer.Event.Text(var part) -> {
            hasText = true;
            output.print(filter.next(part));
            output.flush();
          }
          case AgentAnswer.Event.Completed(var wholeText) -> {
            output.line(hasText ? "" : filter.next(wholeText));
            output.flush();
            return true;
          }
          case AgentAnswer.Event.Failed(var failure) -> {
            if (hasText) output.line("");
            if (!hasText && failure.contains(NOT_BEGUN)) return false;
            throw failed(failure);
          }
          case AgentAnswer.Event.Other() -> {}
        }
      }
    }
  }

  /** Returns the next event. The stream must not end before the answer is complete. */
  private AgentAnswer.Event next(EventStream stream, Deadline deadline) {
    return switch (stream.poll(deadline.left(limit))) {
      case Part.Data(var json) -> AgentAnswer.event(json);
      case Part.End _ ->
          throw ExitCode.UNAVAILABLE.failure(
              "the answer ended early; \"chowder logs\" shows why, and the agent may have acted");
      case null ->
          throw ExitCode.TIMED_OUT.failure(
              "the agent did not finish its answer within the limit; use a longer --timeout");
    };
  }

  private static CommandException failed(String failure) {
    return ExitCode.FAILED.failure(
        "the agent failed: %s; \"chowder logs\" shows more".formatted(Printable.line(failure)));
  }
}
