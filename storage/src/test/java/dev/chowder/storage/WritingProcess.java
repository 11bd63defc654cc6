package dev.chowder.storage;

import com.google.protobuf.ByteString;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;

/** A separate process that writes rows and prints each acknowledged one until it is killed. */
final class WritingProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader acknowledged;
  private int last;

  private WritingProcess(Process process) {
    this.process = process;
    this.acknowledged = process.inputReader();
  }

  static WritingProcess start(Path home) throws IOException {
    return new WritingProcess(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                WritingProcess.class.getName(),
                home.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  /** Waits until this many rows are acknowledged. */
  void await(int rows) throws IOException {
    while (last < rows) {
      if (!read()) throw new IOException("the writer ended by itself");
    }
  }

  /**
   * Kills the process as {@code kill -9} does. Returns the last row that was acknowledged before.
   */
  int kill() throws IOException, InterruptedException {
    // Process.destroyForcibly would close the stream and lose its last lines.
    process.toHandle().destroyForcibly();
    while (read()) {}
    process.waitFor();
    return last;
  }

  /** Reads a line. Those that are no numbers come from the log of a busy machine. */
  private boolean read() throws IOException {
    var line = acknowledged.readLine();
    if (line != null && line.matches("\\d+")) last = Integer.parseInt(line);
    return line != null;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  public static void main(String[] args) {
    Database database = TestStorage.open(Path.of(args[0]));
    OrganizationRows rows = new OrganizationRows(database);
    for (int revision = 1; ; revision++) {
      rows.upsert(
          new OrganizationRow(
              "o" + revision, revision, "n", "crab", "active", 0, ByteString.EMPTY));
      System.out.println(revision);
    }
  }
}
