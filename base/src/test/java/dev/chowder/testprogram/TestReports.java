package dev.chowder.testprogram;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Sums up the reports of a test run for {@code scripts/test}, which lets the JVM compile this file.
 * Prints each failed or skipped test, and then the totals in one line for tools. They are the last
 * lines, because the logs above them have thousands.
 */
public final class TestReports {
  private static final Pattern REPORT = Pattern.compile(".*/target/[^/]*-reports/TEST-[^/]*[.]xml");
  private static final int MESSAGE_CHARACTERS = 300;

  private final PrintStream output;
  private int tests;
  private int failed;
  private int skipped;

  private TestReports(PrintStream output) {
    this.output = output;
  }

  /**
   * Sums up the reports of all modules.
   *
   * @param arguments the folder of the project
   */
  public static void main(String[] arguments) throws IOException, XMLStreamException {
    // A run without a test proves nothing.
    if (!print(Path.of(arguments[0]), System.out)) System.exit(1);
  }

  /** Prints the failed and skipped tests and the totals, and returns whether there was a test. */
  static boolean print(Path project, PrintStream output) throws IOException, XMLStreamException {
    var reports = new TestReports(output);
    for (var file : files(project)) reports.read(file);
    if (reports.tests == 0) {
      output.println("The run failed before its first test: see the first error above.");
      return false;
    }
    int passed = reports.tests - reports.failed - reports.skipped;
    output.printf("%d passed, %d failed, %d skipped%n", passed, reports.failed, reports.skipped);
    return true;
  }

  private static List<Path> files(Path project) throws IOException {
    try (var modules = Files.list(project)) {
      return modules
          .map(module -> module.resolve("target"))
          .filter(Files::isDirectory)
          .flatMap(TestReports::below)
          .sorted()
          .toList();
    }
  }

  private static Stream<Path> below(Path target) {
    try (var files = Files.walk(target, 2)) {
      return files.filter(file -> REPORT.matcher(file.toString()).matches()).toList().stream();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void read(Path file) throws IOException, XMLStreamException {
    var factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    try (var stream = Files.newInputStream(file)) {
      var reader = factory.createXMLStreamReader(stream);
      var test = "";
      while (reader.hasNext()) {
        if (reader.next() != XMLStreamReader.START_ELEMENT) continue;
        switch (reader.getLocalName()) {
          case "testsuite" -> {
            tests += count(reader, "tests");
            failed += count(reader, "failures") + count(reader, "errors");
            skipped += count(reader, "skipped");
          }
          case "testcase" -> test = text(reader, "classname") + "." + text(reader, "name");
          case "failure", "error" -> {
            var message = text(reader, "message");
            output.printf(
                "FAILED %s: %s%n",
                test, message.substring(0, Math.min(message.length(), MESSAGE_CHARACTERS)));
          }
          case "skipped" -> output.printf("SKIPPED %s: %s%n", test, text(reader, "message"));
          default -> {
            // Properties and output.
          }
        }
      }
    }
  }

  private static int count(XMLStreamReader reader, String attribute) {
    var number = text(reader, attribute);
    return number.isEmpty() ? 0 : Integer.parseInt(number);
  }

  private static String text(XMLStreamReader reader, String attribute) {
    var value = reader.getAttributeValue(null, attribute);
    return value == null ? "" : value;
  }
}
