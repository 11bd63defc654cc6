package dev.chowder.operate.agent;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Stage;
import dev.chowder.cli.CommandLineRun;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Output;
import dev.chowder.client.Reply;
import dev.chowder.operate.docker.DockerHost;
import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.site.Site;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Demonstrates Chowder after the first start: creates an agent, shows its stages, asks it a
 * question, and prints commands to try next. Later starts print its status.
 */
public final class FirstAgent {
  private static final String FILE = "first-instance";
  private static final String NAME = "hello";
  private static final String QUESTION = "Say hello in one short sentence.";

  private static final String GET = "get";

  /** The longest time from the creation of the first agent until it runs, in seconds. */
  private static final int SECONDS = 400;

  /** The last stage of the first provisioning. Files of users exist only after it. */
  private static final String LAST_STAGE = "start_gateway";

  private static final String NO_ANSWER = "the agent did not respond: see the message above";

  private final Site site;
  private final ModelChoice model;
  private final UserCommands commands;
  private final Runnable memoryCheck;
  private final Consumer<String> next;

  public FirstAgent(Site site, ModelChoice model, Environment environment) {
    this(
        site,
        model,
        commands(site, environment),
        () -> DockerHost.requireMemory(site),
        text -> {
          var output = new Output(environment.output());
          output.print(text);
          output.flush();
        });
  }

  /**
   * Uses parts of a test.
   *
   * @param memoryCheck fails if the host has not enough memory
   * @param next receives the commands to try next
   */
  FirstAgent(
      Site site,
      ModelChoice model,
      UserCommands commands,
      Runnable memoryCheck,
      Consumer<String> next) {
    this.site = site;
    this.model = model;
    this.commands = commands;
    this.memoryCheck = memoryCheck;
    this.next = next;
  }

  private static UserCommands commands(Site site, Environment environment) {
    return arguments -> {
      var output = new ByteArrayOutputStream();
      // A start after the agent was removed is no error.
      boolean isLookup = arguments[0].equals(GET);
      var here =
          new Environment(
              site.variables().all(),
              environment.input(),
              output,
              isLookup ? OutputStream.nullOutputStream() : environment.errors(),
              environment.terminals());
      var all = new ArrayList<>(List.of("--context", "local"));
      all.addAll(List.of(arguments));
      int code = CommandLineRun.of(here, all.toArray(String[]::new));
      return new UserCommands.Ended(code, output.toString(StandardCharsets.UTF_8).strip());
    };
  }

  /** Creates the agent, or prints its status if it exists. */
  public void walk() {
    var id = site.text(FILE);
    if (id.isPresent() && showExisting(id.get())) return;
    memoryCheck.run();
    site.say("");
    site.say("$ chowder create %s --provider %s".formatted(NAME, model.provider()));
    // The id is recorded before the agent runs, so that a start after an interruption does not
    // create another one.
    var created =
        required(
            "cannot create the first agent: see the message above",
            "create",
            NAME,
            "--provider",
            model.provider(),
            "--no-wait");
    site.write(FILE, created + "\n");
    awaitAndAsk(created);
  }

  /** Returns whether the agent exists. Otherwise a new one is needed. */
  private boolean showExisting(String id) {
    var found = commands.run(GET, id, "-o", "json");
    if (!found.succeeded()) {
      site.say("Your first agent is gone: " + id);
      showNext(id);
      return true;
    }
    var instance = Reply.parse(found.output(), Instance.getDefaultInstance());
    switch (instance.getStatus()) {
      case error -> {
        return showFailed(id, instance);
      }
      case provisioning -> awaitAndAsk(id);
      default -> {
        site.say("Your first agent is %s: %s".formatted(instance.getStatus(), id));
        showNext(id);
      }
    }
    return true;
  }

  private boolean showFailed(String id, Instance instance) {
    if (!neverRan(instance)) {
      var reason = instance.getErrorMessage();
      site.say(
          "Your first agent is in error: %s. Its files are kept. To start it again with them, run %s. To replace it, run %s and %s."
              .formatted(
                  reason.isEmpty() ? "no reason given" : reason,
                  site.command("recover " + id),
                  site.command("rm " + id),
                  site.command("up")));
      return true;
    }
    site.say("The first agent was not created completely. Deleting it and creating it again ...");
    var _ = required("cannot delete the first agent: see the message above", "rm", "--yes", id);
    return false;
  }

  /** Returns whether its first provisioning failed, so that it has no user's files. */
  private static boolean neverRan(Instance instance) {
    var stages = instance.getStagesList();
    return !stages.isEmpty()
        && stages.getFirst().getName().equals("create_sandbox")
        && stages.stream()
            .filter(stage -> stage.getName().equals(LAST_STAGE))
            .allMatch(stage -> stage.getOutcome() == Stage.Outcome.failed);
  }

  private void awaitAndAsk(String id) {
    var limit = site.variables().seconds("CHOWDER_FIRST_INSTANCE_SECONDS", SECONDS) + "s";
    var _ =
        required(
            "the first agent is not running: see the message above, or run this again",
            "wait",
            "--timeout",
            limit,
            id);
    site.say("");
    site.say("$ chowder chat %s '%s'".formatted(NAME, QUESTION));
    var answer = required(NO_ANSWER, "chat", id, QUESTION);
    if (answer.isEmpty()) throw failed(NO_ANSWER);
    answer.lines().forEach(site::say);
    showNext(id);
  }

  /** Runs a command and returns its output. */
  private String required(String failure, String... arguments) {
    var ended = commands.run(arguments);
    if (ended.succeeded()) return ended.output();
    throw failed(failure);
  }

  private static CommandException failed(String failure) {
    return ExitCode.FAILED.failure(failure);
  }

  private void showNext(String id) {
    next.accept(new NextCommands(site, model).text(id));
  }
}
