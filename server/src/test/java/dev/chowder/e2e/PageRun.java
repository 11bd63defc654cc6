package dev.chowder.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs a page from its first command to its last in one bash, after the page with the preparation,
 * and compares the output with the pages.
 *
 * @param environment environment of the bash
 * @param here maps each address and path in the pages to the one of this installation
 */
record PageRun(
    ApiPage before, ApiPage page, Map<String, String> environment, Map<String, String> here) {

  /**
   * The result of a run.
   *
   * @param failure the command that failed, with its output; empty if none failed
   * @param differences where the output differs from the pages
   * @param answers the output that the pages must show instead, by step
   */
  record Result(
      Optional<String> failure, List<String> differences, Map<ApiPage.Step, String> answers) {
    List<String> complaints() {
      return Stream.concat(differences.stream(), failure.stream()).toList();
    }
  }

  /**
   * Runs both pages.
   *
   * @param folder empty folder for this run alone
   */
  Result run(Path folder, Duration limit) throws IOException {
    var steps = Stream.of(before, page).flatMap(one -> one.steps().stream()).toList();
    var commands = steps.stream().map(step -> toHere(step.commands())).toList();
    var outcome = PastedCommands.run(folder, commands, environment, limit);
    var differences = new ArrayList<String>();
    var answers = new HashMap<ApiPage.Step, String>();
    var shown = new ShownAnswer();
    int done = outcome.whole() ? steps.size() : Math.max(0, outcome.outputs().size() - 1);
    for (int i = 0; i < done; i++) {
      var step = steps.get(i);
      String answer = fromHere(outcome.outputs().get(i));
      shown
          .difference(step.shown(), answer)
          .ifPresent(
              difference -> {
                differences.add(step.where() + ": " + difference);
                answers.put(step, shown.toShow(answer));
              });
    }
    if (outcome.whole()) return new Result(Optional.empty(), differences, answers);
    var last = outcome.outputs().isEmpty() ? "" : outcome.outputs().getLast();
    var written = shown.toShow(last + outcome.errors());
    var failure = "%s: fails:%n%s".formatted(steps.get(done).where(), written);
    return new Result(Optional.of(failure), differences, answers);
  }

  /** Writes the output into the pages. */
  void write(Map<ApiPage.Step, String> answers) throws IOException {
    for (var one : List.of(before, page)) {
      var text = new StringBuilder(one.text());
      for (var step : one.steps().reversed()) {
        String answer = answers.get(step);
        if (answer != null) text.replace(step.begin(), step.end(), fence(answer));
      }
      if (!text.toString().equals(one.text())) Files.writeString(one.file(), text);
    }
  }

  private static String fence(String answer) {
    if (answer.isEmpty()) return "";
    return "```" + (answer.startsWith("{") ? "json" : "text") + "\n" + answer + "```\n";
  }

  private String toHere(String commands) {
    String text = commands;
    for (var place : here.entrySet()) text = text.replace(place.getKey(), place.getValue());
    return text;
  }

  private String fromHere(String answer) {
    String text = answer;
    for (var place : here.entrySet()) text = text.replace(place.getValue(), place.getKey());
    return text;
  }
}
