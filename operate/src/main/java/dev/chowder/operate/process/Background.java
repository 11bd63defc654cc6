package dev.chowder.operate.process;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.operate.state.Poll;
import dev.chowder.operate.state.SupervisedProcess;
import dev.chowder.program.Program;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A background process of the installation. Its supervisor (scripts/lib/supervise) restarts it
 * whenever it ends by itself. Does not know what it does.
 */
public final class Background {
  /** Keys of the caller that no process needs. */
  private static final Set<String> MODEL_KEYS =
      Set.of("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "CHOWDER_MODEL_KEY");

  /**
   * Secrets that only nodes need, and that are never written to the disk: those of the database and
   * of Stripe.
   */
  public static final List<String> NODE_SECRETS =
      List.of(
          "CHOWDER_STORAGE_PASSWORD",
          "CHOWDER_MASTER_KEY",
          "CHOWDER_STRIPE_SECRET_KEY",
          "CHOWDER_STRIPE_WEBHOOK_SECRET");

  /** Starts its arguments in a session of their own, and writes the process id into a file. */
  private static final String DETACH =
      "echo $$ >\"$0.part\" && mv \"$0.part\" \"$0\" && exec \"$@\"";

  private static final Duration SUPERVISOR_LIMIT = Duration.ofSeconds(10);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(10);
  private static final int START_SECONDS = 90;
  private static final int STOP_SECONDS = 60;

  /** Lines of the log that a failed start shows. */
  private static final int SHOWN_LINES = 5;

  private static final int SHOWN_BYTES = 64 << 10;

  private final Site site;
  private final String name;
  private final SupervisedProcess process;

  /**
   * Describes a process, which may not run.
   *
   * @param name of its files in {@code run} and {@code logs}
   * @param mark a part of its command line
   */
  public Background(Site site, String name, String mark) {
    this.site = site;
    this.name = name;
    this.process = new SupervisedProcess(site.home(), name, mark);
  }

  public String name() {
    return name;
  }

  /** Returns whether a supervisor restarts the process when it ends. */
  public boolean isSupervised() {
    return process.supervisor().isPresent();
  }

  /** Returns whether the process or its supervisor is alive. */
  public boolean isRunning() {
    return process.isRunning();
  }

  /** Returns the id of the process, which changes with each restart; empty if it does not run. */
  public Optional<Long> pid() {
    return process.process().map(ProcessHandle::pid);
  }

  /** Returns how long a process may take to respond after its start. */
  public static Duration startLimit(Variables variables) {
    return Duration.ofSeconds(variables.seconds("CHOWDER_START_SECONDS", START_SECONDS));
  }

  /** Returns how long a process may take to end after SIGTERM. */
  public static Duration stopLimit(Variables variables) {
    return Duration.ofSeconds(variables.seconds("CHOWDER_STOP_SECONDS", STOP_SECONDS));
  }

  /**
   * Starts a command, which outlives this process. It gets the variables without the secrets that
   * it does not need.
   *
   * @param isNode whether it needs the secrets of nodes
   */
  public void start(List<String> command, Variables variables, boolean isNode) {
    forget();
    try {
      // The command is not an argument of the supervisor, so that a search for it does not find the
      // supervisor.
      OwnerOnly.write(site.run(name + ".command"), String.join("\0", command) + "\0");
      var log = site.log(name).toFile();
      var words = new ArrayList<>(List.of("setsid", "--fork", "sh", "-c", DETACH));
      words.add(site.run(name + ".supervisor").toString());
      words.add(site.layout().root().resolve("scripts/lib/supervise").toString());
      words.add(site.run(name).toString());
      words.add(log.toString());
      var builder =
          new ProcessBuilder(words)
              .redirectInput(new File("/dev/null"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
      builder.environment().clear();
      builder.environment().putAll(variables.all());
      builder.environment().keySet().removeAll(MODEL_KEYS);
      if (!isNode) NODE_SECRETS.forEach(builder.environment()::remove);
      var _ = builder.start();
    } catch (IOException failed) {
      throw failure(failed.toString());
    }
    if (!Poll.until(SUPERVISOR_LIMIT, () -> Site.text(site.run(name + ".pid")).isPresent())) {
      throw failure("its supervisor does not run");
    }
  }

  /**
   * Waits until the process responds.
   *
   * @param answers whether it responds
   * @throws CommandException if it ends twice or does not respond in time, after the end of its log
   */
  public void await(Duration limit, BooleanSupplier answers) {
    // An earlier run may have left this file.
    Site.delete(site.run(name + ".exit"));
    var _ = Poll.until(limit, () -> answers.getAsBoolean() || endedTwice() || !isRunning());
    if (answers.getAsBoolean()) return;
    var cause = "no response within %d s".formatted(limit.toSeconds());
    if (endedTwice()) {
      cause =
          "it ended with exit code %s and is restarted until you run %s"
              .formatted(exitCodes().getLast(), site.command("down"));
    }
    throw failure(cause);
  }

  /** One early end is tolerated, because another process may have used the port for a moment. */
  private boolean endedTwice() {
    return exitCodes().size() >= 2;
  }

  private List<String> exitCodes() {
    return Site.text(site.run(name + ".exit")).map(text -> text.lines().toList()).orElse(List.of());
  }

  private List<String> lastLines() {
    try (var log = FileChannel.open(site.log(name))) {
      var end = ByteBuffer.allocate(SHOWN_BYTES);
      log.read(end, Math.max(0, log.size() - SHOWN_BYTES));
      var text = new String(end.array(), 0, end.position(), StandardCharsets.UTF_8);
      var all = text.replace("\t", "    ").lines().toList();
      return all.subList(Math.max(0, all.size() - SHOWN_LINES), all.size());
    } catch (IOException unreadable) {
      return List.of();
    }
  }

  /** Sends SIGTERM, and SIGKILL after CHOWDER_STOP_SECONDS. Returns when the process has ended. */
  public void stop() {
    var limit = stopLimit(site.variables());
    // The supervisor passes the signal on, and ends after its process. A process whose supervisor
    // was killed gets the signal itself.
    var all = process.handles();
    if (!all.isEmpty()) {
      all.getFirst().destroy();
      if (!Poll.until(limit, () -> haveEnded(all))) {
        site.say(
            "%s did not stop within %d s of SIGTERM. Killing it."
                .formatted(name, limit.toSeconds()));
        kill(all);
      }
    }
    forget();
    Site.delete(site.run(name + ".key"));
  }

  /** Sends SIGTERM to the supervisor only, which passes it on and restarts nothing any more. */
  public void stopSupervisor() {
    process.supervisor().ifPresent(ProcessHandle::destroy);
  }

  private void kill(List<ProcessHandle> all) {
    // Kills everything that the supervisor started, since each has a session of its own.
    var _ =
        Program.of("sh", "-c", "kill -KILL -- \"-$0\"", String.valueOf(all.getFirst().pid()))
            .succeeds();
    all.forEach(ProcessHandle::destroyForcibly);
    if (Poll.until(KILL_LIMIT, () -> haveEnded(all))) return;
    throw ExitCode.FAILED.cannot(
        "kill %s (pid %d)".formatted(name, all.getFirst().pid()),
        "it still runs",
        "stop it as root");
  }

  private static boolean haveEnded(List<ProcessHandle> all) {
    return all.stream().noneMatch(ProcessHandle::isAlive);
  }

  private void forget() {
    for (var kind : List.of("pid", "supervisor", "exit", "command")) {
      Site.delete(site.run(name + "." + kind));
    }
  }

  /** Returns whether the process was started with this key, a hash of its code and settings. */
  public boolean hasKey(String key) {
    return Site.text(site.run(name + ".key")).filter(key::equals).isPresent();
  }

  /** Records the key of the process, which runs. */
  public void keep(String key) {
    OwnerOnly.write(site.run(name + ".key"), key + "\n");
  }

  /** Shows the end of the log, and returns the failure of the start. */
  private CommandException failure(String cause) {
    lastLines().forEach(site::say);
    return ExitCode.FAILED.cannot(
        "start " + name, cause, "see the end of its log above and all of it in " + site.log(name));
  }
}
