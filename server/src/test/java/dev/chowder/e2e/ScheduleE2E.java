package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The README's two lines of crontab, read from it and run as cron does: by {@code sh -c}. */
@ExtendWith(SharedAgents.class)
class ScheduleE2E {
  private static final Pattern LINE =
      Pattern.compile("(?m)^0 (?:9|17) +\\* \\* 1-5 +(?<command>echo .*/(?:start|stop))$");
  private static final String KEY_FILE = "~/.local/share/chowder/organization.key";
  private static final String ADDRESS = "http://localhost:8080";

  @Test
  void theTwoLinesOfTheReadmeStartAndStopAnAgent() throws IOException {
    Agent agent = SharedAgents.first();
    cron(command("stop"), agent);
    Eventually.get("stopped", Limits.STEP, agent::get, is("stopped"));
    cron(command("start"), agent);
    Eventually.get("running", Limits.STEP, agent::get, is("running"));
  }

  private static Predicate<Answer> is(String status) {
    return answer -> answer.text("status").equals(status);
  }

  private static void cron(String command, Agent agent) {
    Command.run(Limits.STEP, List.of("sh", "-c", command), Map.of("ID", agent.id()));
  }

  /** Only the key's place and the address are this installation's instead of the usual ones. */
  private static String command(String verb) throws IOException {
    Matcher lines = LINE.matcher(Files.readString(Path.of("..", "README.md")));
    while (lines.find()) {
      String command = lines.group("command");
      if (command.endsWith("/" + verb)) {
        assertThat(command).contains(KEY_FILE).contains(ADDRESS);
        assertThat(command).as("what cron takes for a line break").doesNotContain("%");
        return command
            .replace(KEY_FILE, Installation.UNDER_TEST.keyFile().toString())
            .replace(ADDRESS, Installation.UNDER_TEST.rest().toString());
      }
    }
    throw new AssertionError("README.md has no line of crontab that ends in /" + verb);
  }
}
