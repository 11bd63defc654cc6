package dev.chowder.checks.compose;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.checks.Project;
import dev.chowder.checks.docker.DebianImage;
import dev.chowder.checks.docker.Docker;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A Compose project beside those of users, whose names and ports differ. Runs documented commands
 * as a user pastes them, in a shell that ends at the first failure.
 *
 * @param compose the version of Compose
 * @param serverBase the build argument for the base of the server image; empty if a container
 *     registry has it
 * @param postgres the image of PostgreSQL
 */
public record ComposeProject(Compose compose, String serverBase, String postgres) {
  public static final String NAME = "chowder-check";

  private static final String DOCUMENTED_IMAGE = "localhost/chowder-server";
  static final String IMAGE = DOCUMENTED_IMAGE + ":check";
  private static final String BASE = "chowder/server-base";
  private static final String DOCUMENTED_POSTGRES = "postgres:17";
  private static final String POSTGRES = "chowder/postgres:check";
  private static final String POSTGRES_BASE = "chowder/postgres-base";
  private static final Pattern PACKAGES =
      Pattern.compile("^ARG PACKAGES=\"(.*)\"$", Pattern.MULTILINE);

  /** The first start also builds the sandbox image. */
  private static final Duration LIMIT = Duration.ofMinutes(30);

  /**
   * Imports the images that no container registry has.
   *
   * @param release an unpacked release
   */
  public static ComposeProject prepare(Project project, Compose compose, Path release)
      throws IOException {
    var base = "";
    if (!Docker.pulls("debian:trixie-slim")) {
      var packages = PACKAGES.matcher(Files.readString(release.resolve("deploy/Dockerfile")));
      if (!packages.find()) throw new IllegalStateException("deploy/Dockerfile has no PACKAGES");
      new DebianImage(BASE, packages.group(1)).ensure(project);
      base = "--build-arg BASE=" + BASE + " ";
    }
    return new ComposeProject(compose, base, postgres(project));
  }

  /** Without a container registry, builds an image that behaves as the documented one does. */
  private static String postgres(Project project) throws IOException {
    if (Docker.hasImage(DOCUMENTED_POSTGRES) || Docker.pulls(DOCUMENTED_POSTGRES)) {
      return DOCUMENTED_POSTGRES;
    }
    new DebianImage(POSTGRES_BASE, "postgresql-17").ensure(project);
    try (var recipe = ComposeProject.class.getResourceAsStream("Dockerfile")) {
      var text = new String(Objects.requireNonNull(recipe).readAllBytes(), UTF_8);
      var _ =
          Program.of("docker", "build", "-q", "-t", POSTGRES, "-").input(text).within(LIMIT).run();
    }
    return POSTGRES;
  }

  /** Changes the settings of a release that a user may change: names, ports and limits. */
  public void change(Path settings) throws IOException {
    var text =
        Files.readString(settings)
            .replaceAll("_PORT=[89]", "_PORT=22")
            .replaceAll("(?m)^(COMPOSE_PROJECT_NAME)=.*", "$1=" + NAME)
            .replaceAll("(?m)^(CHOWDER_SERVER_IMAGE)=.*", "$1=" + IMAGE)
            .replaceAll("(?m)^(CHOWDER_POSTGRES_IMAGE)=.*", "$1=" + postgres);
    // A pool member would be an agent that the check did not create. On a busy machine a gateway
    // takes longer than the default limit.
    Files.writeString(settings, text + "CHOWDER_POOL_MAX_SIZE=0\nCHOWDER_READY_TIMEOUT=5m\n");
  }

  /** Reads a setting. */
  public static String setting(Path settings, String name) throws IOException {
    var all = new Properties();
    try (var reader = Files.newBufferedReader(settings)) {
      all.load(reader);
    }
    return Objects.requireNonNull(all.getProperty(name), name);
  }

  /**
   * Runs documented commands in a folder, and returns what they printed.
   *
   * @throws dev.chowder.program.ProgramException if one fails
   */
  public String run(Path folder, String commands) {
    return program(folder, commands).run().text();
  }

  /** Returns the program that {@link #run} runs. */
  public Program program(Path folder, String commands) {
    var adapted = adapted(commands);
    System.out.println("$ " + adapted.strip().replace("\n", "\n  "));
    return Program.of("bash", "-euo", "pipefail", "-c", adapted)
        .in(folder)
        .without(settingsOfCaller())
        .within(LIMIT);
  }

  /** Returns documented commands with the images and the version of Compose of this check. */
  String adapted(String commands) {
    // There is no terminal.
    return compose
        .in(commands.replace("compose exec server", "compose exec -T server"))
        .replace("docker build ", "docker build " + serverBase)
        .replaceAll(DOCUMENTED_IMAGE + "(?![:\\w])", IMAGE)
        .replace(DOCUMENTED_POSTGRES, postgres);
  }

  /** Removes the images that {@link #prepare} and the documented commands created. */
  public static void removeImages() {
    Docker.removeImages(IMAGE, POSTGRES, BASE, POSTGRES_BASE);
  }

  /** Variables take precedence over the file with the settings. */
  private static Set<String> settingsOfCaller() {
    var names = new HashSet<String>();
    for (var name : System.getenv().keySet()) {
      if (name.startsWith("CHOWDER_") || name.startsWith("COMPOSE_")) names.add(name);
    }
    return names;
  }
}
