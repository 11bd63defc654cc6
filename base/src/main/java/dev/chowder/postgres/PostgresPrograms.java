package dev.chowder.postgres;

import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The programs of one version of PostgreSQL.
 *
 * @param folder has initdb, pg_ctl, postgres and the clients
 */
public record PostgresPrograms(Path folder) {
  /** Has a folder for each version of Debian's packages. */
  private static final Path VERSIONS = Path.of("/usr/lib/postgresql");

  /** A major version. Before version 10, it had two numbers. */
  private static final Pattern MAJOR = Pattern.compile("\\d+(\\.\\d+)?");

  private static final String SETTINGS = "/etc/postgresql-common/createcluster.d/chowder.conf";

  /**
   * Returns the newest version of Debian's packages; otherwise that on the {@code PATH}, and empty
   * if there is none.
   */
  public static Optional<PostgresPrograms> find() {
    return newest(VERSIONS).or(PostgresPrograms::onPath);
  }

  /**
   * Returns the installed programs, and installs Debian's if there are none.
   *
   * @param say tells the user about an installation
   * @throws ProgramException if they cannot be installed
   */
  public static PostgresPrograms ensure(DebianPackages packages, Consumer<String> say) {
    var found = find();
    if (found.isPresent()) return found.get();
    say.accept("Installing PostgreSQL (Debian package postgresql) ...");
    try {
      packages.install("postgresql-common");
      preventMainCluster();
      packages.install("postgresql");
    } catch (ProgramException failed) {
      throw notInstalled(failed);
    }
    return find().orElseThrow(() -> notInstalled(null));
  }

  /** Otherwise the package would create and start a cluster on port 5432. */
  private static void preventMainCluster() {
    var write =
        Program.of("install", "-D", "-m", "644", "/dev/stdin", SETTINGS)
            .input("create_main_cluster = false\n");
    var _ = Root.find().orElseThrow(() -> notInstalled(null)).run(write).run();
  }

  private static ProgramException notInstalled(@Nullable Throwable cause) {
    return new ProgramException(
        "cannot install PostgreSQL: install PostgreSQL 15 or newer and run this again", cause);
  }

  /** Returns the newest version in a folder with one folder for each version. */
  static Optional<PostgresPrograms> newest(Path versions) {
    if (!Files.isDirectory(versions)) return Optional.empty();
    try (var all = Files.list(versions)) {
      return all.filter(version -> MAJOR.matcher(name(version)).matches())
          .filter(version -> Files.isExecutable(version.resolve("bin/initdb")))
          .max(Comparator.comparingDouble(version -> Double.parseDouble(name(version))))
          .map(version -> new PostgresPrograms(version.resolve("bin")));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static Optional<PostgresPrograms> onPath() {
    return Program.onPath("initdb").map(initdb -> new PostgresPrograms(initdb.resolveSibling("")));
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** Returns the path of a program, such as {@code psql}. */
  public Path program(String name) {
    return folder.resolve(name);
  }

  /** Returns the version, such as {@code 15.13}. */
  public String version() {
    var line = Program.of(program("postgres").toString(), "--version").run().text();
    // The line is "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)".
    return line.split(" ", -1)[2];
  }
}
