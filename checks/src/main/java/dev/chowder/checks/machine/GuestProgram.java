package dev.chowder.checks.machine;

import dev.chowder.checks.guest.ClassFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folder that the second disk of a machine gets, with the Java program that runs in it. The
 * folder is {@code /check} there.
 *
 * @param folder on this machine
 * @param java the launcher of the machine's Java, a path in the machine
 */
public record GuestProgram(Path folder, String java) {
  /** The file that the machine runs. */
  static final String RUN = "run";

  private static final String MOUNTED = "/check/";
  private static final String CLASSES = "classes";

  /** Little memory, and no second compiler, which takes more time than it saves there. */
  private static final String OPTIONS =
      " -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp ";

  /**
   * Makes the machine run a class.
   *
   * @param main the class with {@code main}
   * @param needed other classes, whose jars or folders the program needs
   * @param arguments words without characters that a shell interprets
   */
  public void set(Class<?> main, List<String> needed, String... arguments) {
    var copies =
        ClassFiles.copy(
            folder.resolve(CLASSES),
            Stream.concat(Stream.of(main.getName()), needed.stream()).toArray(String[]::new));
    var classPath =
        copies.stream()
            .map(name -> MOUNTED + CLASSES + "/" + name)
            .collect(Collectors.joining(":"));
    var command = java + OPTIONS + classPath + " ";
    write(
        RUN,
        "export HOME=/root\nexec "
            + command
            + main.getName()
            + " "
            + String.join(" ", arguments)
            + "\n");
  }

  public void write(String name, String text) {
    try {
      Files.writeString(folder.resolve(name), text);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
