package dev.chowder.checks.release;

import dev.chowder.checks.guest.Expect;
import dev.chowder.checks.guest.Steps;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Uses a release from the start to the removal, as on a machine without a JDK and Maven. It runs
 * with the runtime of the release, in a mount namespace of its own, in which it hides the others.
 *
 * @param release the unpacked release
 * @param home {@code CHOWDER_HOME} of the installation, which must not remain
 * @param cache {@code CHOWDER_CACHE}
 * @param steps for the report
 */
public record ReleaseWalk(Path release, Path home, Path cache, Steps steps) {
  /** The exit code of the command line if an instance does not exist (docs/CLI.md). */
  private static final int NOT_FOUND = 3;

  /** The first start also builds the sandbox image. */
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private static final List<String> BUILT = List.of("app", "cli", "envoy");
  private static final String AGENT = "walked";

  /** Arguments: the release, and the folders to hide. */
  public static void main(String[] args) {
    var began = System.nanoTime();
    var home = Path.of(System.getenv("CHOWDER_HOME"));
    var log = home.resolve("logs/server.log");
    var walk =
        new ReleaseWalk(
            Path.of(args[0]),
            home,
            Path.of(System.getenv("CHOWDER_CACHE")),
            new Steps(System.out, () -> seconds(began), () -> end(log)));
    walk.hide(List.of(args).subList(1, args.length));
    walk.use();
    walk.steps.end();
  }

  private void hide(List<String> folders) {
    steps.step(
        "no JDK and no Maven is there",
        () -> {
          for (var folder : folders) {
            var _ = Program.of("mount", "-t", "tmpfs", "none", folder).run();
          }
          for (var name : HiddenTools.PROGRAMS) {
            Expect.that(
                !Program.of(name, "-version").succeeds(), name + " must be hidden, and runs");
          }
        });
  }

  private void use() {
    boolean removed = false;
    try {
      steps.step("the release starts, and its server loads its AOT cache", this::start);
      steps.step("an agent is created, answers, stops, starts and is deleted", this::useAgent);
      steps.step("the removal leaves nothing, and nothing was built or downloaded", this::remove);
      removed = true;
    } finally {
      if (!removed) {
        var _ = chowder("down", "--purge", "--keep-cache").attempt();
      }
    }
  }

  private void start() throws IOException {
    show("up");
    Expect.contains(Files.readString(home.resolve("logs/server.log")), "AOT cache: loaded");
    // A second start changes nothing.
    show("up");
    show("admin", "nodes", "ls");
  }

  private void useAgent() {
    show("create", AGENT, "--provider", "custom");
    answer("What can you do?");
    show("stop", AGENT);
    show("start", AGENT);
    answer("Are you still there?");
    show("rm", "--yes", AGENT);
    Expect.equal(chowder("get", AGENT).attempt().exit(), NOT_FOUND);
  }

  private void remove() {
    show("down");
    show("down", "--purge", "--keep-cache");
    for (var name : BUILT) {
      var folder = cache.resolve(name);
      Expect.that(!Files.exists(folder), "the release must not create " + folder);
    }
    Expect.that(!Files.exists(home), home + " must be removed");
  }

  private void answer(String question) {
    var began = System.nanoTime();
    var answer = chowder("chat", AGENT, question).run().text();
    Expect.that(!answer.isEmpty(), "the agent's answer has no text");
    steps.note(answer);
    noteTime(began, "chat", AGENT, question);
  }

  /** Runs a command with its output, and prints how long it took. */
  private void show(String... words) {
    var began = System.nanoTime();
    var _ = chowder(words).shown().run();
    noteTime(began, words);
  }

  private void noteTime(long began, String... words) {
    steps.note("%s s: chowder %s".formatted(seconds(began), String.join(" ", words)));
  }

  private static String seconds(long began) {
    return String.format(Locale.ROOT, "%.2f", (System.nanoTime() - began) / 1e9);
  }

  private Program chowder(String... words) {
    var bin = release.resolve("bin");
    return Program.of(bin.resolve("chowder").toString())
        .and(words)
        .with("PATH", bin + ":" + System.getenv("PATH"))
        .without(Set.of("JAVA_HOME"))
        .within(LIMIT);
  }

  private static String end(Path log) {
    var end = Program.of("tail", "-n", "20", log.toString()).attempt();
    return end.output() + end.errors();
  }
}
