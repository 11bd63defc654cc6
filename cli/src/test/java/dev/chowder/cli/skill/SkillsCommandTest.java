package dev.chowder.cli.skill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SkillsCommandTest extends CommandFixture {
  @TempDir Path folder;

  @Test
  void skillsAreListedWithWhatTheyLack() {
    server.answers(
        200,
        """
        {"skills": [{"name": "tides", "source": "workspace", "enabled": true,
          "missing": ["env:KEY", "bin:curl"]}]}
        """);
    assertThat(run("skills", "ls", ID).output())
        .isEqualTo(
            """
            NAME   READY  ENABLED  SOURCE     MISSING
            tides  no     yes      workspace  env:KEY, bin:curl
            """);
  }

  @Test
  void anArchiveIsSent() throws IOException {
    var archive = Files.writeString(folder.resolve("a.zip"), "zip");
    server.answers(200, "{\"skill\": \"tides\", \"message\": \"tides is installed\"}");
    var ran = run("skills", "install", ID, "tides", "--archive", archive.toString());
    assertThat(ran.errors()).isEqualTo("tides is installed\n");
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"slug\":\"tides\",\"archive\":\"emlw\"}");
    var missing = folder.resolve("b.zip").toString();
    assertThat(run("skills", "install", ID, "tides", "--archive", missing).code())
        .isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void aConfigurationIsReadFromStandardInput() {
    server.answers(204, "");
    var input = "{\"env\": {\"KEY\": \"s3cret\"}}";
    var ran = runWith(input, "", "skills", "configure", ID, "a/b");
    assertThat(ran.code()).isZero();
    assertThat(ran.output() + ran.errors()).doesNotContain("s3cret");
    assertThat(server.requests().getFirst().target()).endsWith("/skills/a%2Fb");
    assertThat(server.requests().getFirst().body()).isEqualTo("{\"env\":{\"KEY\":\"s3cret\"}}");
    assertThat(runWith("no json", "", "skills", "configure", ID, "a").code())
        .isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void aSkillIsDisabled() {
    server.answers(204, "");
    assertThat(run("skills", "disable", ID, "tides").code()).isZero();
    assertThat(server.requests().getFirst().body()).isEqualTo("{\"enabled\":false}");
  }
}
