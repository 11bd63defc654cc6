package dev.chowder.checks;

import dev.chowder.program.Program;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The tool schemathesis, which calls a REST API as its OpenAPI document describes it.
 *
 * @param programs the folder of its programs
 * @param folder the working directory, in which the tool writes its cache; its settings are in the
 *     file {@link #SETTINGS}
 */
record Schemathesis(Path programs, Path folder) {
  static final String SETTINGS = "schemathesis.toml";

  /** Functions in Python that change some generated requests. */
  static final String HOOKS = "checks/src/main/resources/dev/chowder/checks/schemathesis_hooks.py";

  /** The time for a process to end after the limit of a run. */
  private static final Duration END_LIMIT = Duration.ofSeconds(30);

  static Schemathesis install(Project project, Path folder) {
    return new Schemathesis(CheckPrograms.schemathesis(project), folder);
  }

  /** Checks that a document is one of OpenAPI. */
  Program.Result validate(Path document) {
    return Program.of(programs.resolve("openapi-spec-validator").toString(), document.toString())
        .attempt();
  }

  /**
   * Calls the API, and fails if the document does not describe a response.
   *
   * @param limit after this time, it ends with exit code 124 and the output so far
   * @param seed the same seed makes the same requests
   * @param document its URL or its file
   */
  Program.Result run(Duration limit, String seed, String document, String... options) {
    // Not only the limit of Program, which would not return the output.
    return Program.of("timeout", Long.toString(limit.toSeconds()))
        .and(programs.resolve("schemathesis").toString(), "--config-file", SETTINGS)
        .and("run", document, "--seed", seed, "--no-color")
        .and(options)
        // Without compiled hooks beside the sources, which other tests read.
        .with("PYTHONDONTWRITEBYTECODE", "1")
        .in(folder)
        .within(limit.plus(END_LIMIT))
        .attempt();
  }
}
