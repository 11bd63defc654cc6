package dev.chowder.operate.site;

import dev.chowder.cli.output.Notices;
import dev.chowder.operate.state.Installation;
import dev.chowder.operate.state.OwnerOnly;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The installation of this command: its variables, its programs, its state directory and the
 * messages for its user.
 *
 * @param layout where the programs are
 * @param variables those of its processes
 * @param notices receives messages
 */
public record Site(Layout layout, Variables variables, Notices notices) {
  private static final String CLUSTER_ID = "CHOWDER_CLUSTER_ID";

  /** Tells the user something. */
  public void say(String line) {
    notices.say(line);
  }

  /** Returns the state directory. */
  public Path home() {
    return variables.home();
  }

  /** Returns a file in the state directory. */
  public Path file(String name) {
    return home().resolve(name);
  }

  /** Returns a file about a running process. */
  public Path run(String name) {
    return home().resolve("run").resolve(name);
  }

  public Path log(String name) {
    return home().resolve("logs").resolve(name + ".log");
  }

  /** Returns the id that distinguishes the installation from others on the same engine. */
  public String clusterId() {
    return variables.get(CLUSTER_ID);
  }

  /**
   * Creates the folders of the state directory, and gives the installation its id, which
   * distinguishes it from others on the same engine.
   */
  public void ensureState() {
    var installation = new Installation(home());
    installation.createFolders();
    installation.ensureClusterId(variables.find(CLUSTER_ID));
    variables.set(CLUSTER_ID, text("cluster-id").orElseThrow());
  }

  /** Returns how the user enters a command, such as {@code up --zram}. */
  public String command(String words) {
    return layout.command(words, variables.all());
  }

  /** Returns the text of a file in the state directory; empty if there is none. */
  public Optional<String> text(String name) {
    return text(file(name));
  }

  /** Returns the text of a file without white space at its ends; empty if there is none. */
  public static Optional<String> text(Path file) {
    return OwnerOnly.text(file);
  }

  /** Writes a file of the state directory atomically. Only its owner can read it. */
  public void write(String name, String text) {
    OwnerOnly.write(file(name), text);
  }

  /** Removes a file of the state directory, if it exists. */
  public void delete(String name) {
    delete(file(name));
  }

  /** Removes a file, if it exists. */
  public static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
