package dev.chowder.testprogram;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestReportsTest {
  @TempDir private Path project;
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();

  @Test
  void failedTestsComeBeforeTheTotalsOfAllModules() throws Exception {
    report(
        "actors/target/surefire-reports/TEST-a.xml",
        """
        <testsuite tests="3" failures="1" errors="0" skipped="1">
          <testcase classname="a.FirstTest" name="works"/>
          <testcase classname="a.FirstTest" name="fails"><failure message="1 &lt; 2">text</failure></testcase>
          <testcase classname="a.FirstTest" name="mounts"><skipped message="only root can mount"/></testcase>
        </testsuite>
        """);
    report(
        "server/target/users-reports/TEST-b.xml",
        """
        <testsuite tests="2" failures="0" errors="1" skipped="0">
          <testcase classname="b.SecondE2E" name="breaks"><error message="cannot start"/></testcase>
        </testsuite>
        """);
    assertThat(print()).isTrue();
    assertThat(output.toString(UTF_8).lines())
        .containsExactly(
            "FAILED a.FirstTest.fails: 1 < 2",
            "SKIPPED a.FirstTest.mounts: only root can mount",
            "FAILED b.SecondE2E.breaks: cannot start",
            "2 passed, 2 failed, 1 skipped");
  }

  @Test
  void aRunWithoutATestIsNoSuccess() throws Exception {
    report("actors/target/other/TEST-a.xml", "<testsuite tests=\"1\"/>");
    assertThat(print()).isFalse();
    assertThat(output.toString(UTF_8).strip()).startsWith("The run failed before its first test");
  }

  private boolean print() throws Exception {
    return TestReports.print(project, new PrintStream(output, true, UTF_8));
  }

  private void report(String name, String xml) throws Exception {
    var file = project.resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, xml);
  }
}
