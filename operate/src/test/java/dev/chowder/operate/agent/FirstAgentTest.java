package dev.chowder.operate.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests how a start creates the first agent, and how later starts treat it. */
class FirstAgentTest {
  private static final String PROVISIONED =
      "{\"name\":\"create_sandbox\",\"outcome\":\"executed\"},"
          + "{\"name\":\"onboard\",\"outcome\":\"executed\"}";
  private static final String STARTED = "{\"name\":\"start_gateway\",\"outcome\":\"executed\"}";
  private static final String FAILED = "{\"name\":\"start_gateway\",\"outcome\":\"failed\"}";
  private static final String QUESTION = "Say hello in one short sentence.";

  @TempDir private Path folder;

  /** The commands, and what they print. Those without a value fail. */
  private final List<String> calls = new ArrayList<>();

  private final Map<String, String> outputs = new HashMap<>();
  private final List<String> next = new ArrayList<>();
  private boolean hasMemory = true;
  private TestSite test;
  private Site site;

  @BeforeEach
  void createHome() throws IOException {
    test = TestSite.in(folder, Map.of());
    site = test.site();
    Files.createDirectories(site.home());
    outputs.putAll(Map.of("create", "new", "wait", "", "rm", "", "chat", "Hello!\nI am here."));
  }

  @Test
  void theFirstStartCreatesAnAgentAndAsksIt() {
    walk();
    assertThat(calls)
        .containsExactly(
            "create hello --provider custom --no-wait",
            "wait --timeout 400s new",
            "chat new " + QUESTION);
    assertThat(site.text("first-instance")).contains("new");
    assertThat(test.messages())
        .isEqualTo(
            "\n$ chowder create hello --provider custom\n\n$ chowder chat hello '%s'\nHello!\nI am here.\n"
                .formatted(QUESTION));
    assertThat(next).singleElement().asString().contains(" ID=new\n");
  }

  @Test
  void anAgentThatRanIsNeverDeleted() {
    for (var stages :
        new String[] {
          PROVISIONED + "," + STARTED,
          STARTED,
          FAILED,
          "{\"name\":\"openclaw_config\",\"outcome\":\"failed\"}",
          ""
        }) {
      inError(stages);
      walk();
      assertThat(calls).as(stages).containsExactly("get first -o json");
      assertThat(next).isEmpty();
    }
    assertThat(test.messages())
        .contains("To start it again with them, run scripts/chowder recover first.")
        .contains("To replace it, run scripts/chowder rm first and scripts/up.")
        .contains("in error: no reason given. ");
  }

  @Test
  void anAgentThatCouldNotBeCreatedIsReplaced() {
    hasMemory = false;
    for (var stages : new String[] {PROVISIONED, PROVISIONED + "," + FAILED}) {
      inError(stages);
      assertThatThrownBy(this::walk).hasMessage("not enough memory");
      assertThat(calls).as(stages).containsExactly("get first -o json", "rm --yes first");
    }
    hasMemory = true;
    inError(PROVISIONED);
    walk();
    assertThat(site.text("first-instance")).contains("new");
  }

  @Test
  void anAgentThatIsStillProvisionedIsAwaited() {
    remember("{\"status\":\"provisioning\"}");
    walk();
    assertThat(calls)
        .containsExactly(
            "get first -o json", "wait --timeout 400s first", "chat first " + QUESTION);
    assertThat(next).hasSize(1);
  }

  @Test
  void aLaterStartPrintsTheStatusAndTheCommands() {
    remember("{\"status\":\"running\"}");
    walk();
    outputs.remove("get");
    walk();
    assertThat(test.messages())
        .isEqualTo("Your first agent is running: first\nYour first agent is gone: first\n");
    assertThat(next).hasSize(2);
  }

  @Test
  void aFailedCommandEndsTheStart() {
    outputs.put("chat", "");
    assertThatThrownBy(this::walk).hasMessage("the agent did not respond: see the message above");
    site.delete("first-instance");
    outputs.remove("wait");
    assertThatThrownBy(this::walk)
        .hasMessage("the first agent is not running: see the message above, or run this again");
    // The next start must not create another one.
    assertThat(site.text("first-instance")).contains("new");
    site.delete("first-instance");
    outputs.remove("create");
    assertThatThrownBy(this::walk)
        .hasMessage("cannot create the first agent: see the message above");
    assertThat(next).isEmpty();
  }

  private void inError(String stages) {
    remember("{\"status\":\"error\",\"stages\":[" + stages + "]}");
  }

  private void remember(String instance) {
    calls.clear();
    site.write("first-instance", "first\n");
    outputs.put("get", instance);
  }

  private void walk() {
    new FirstAgent(site, ModelChoice.DEMO, this::run, this::requireMemory, next::add).walk();
  }

  private UserCommands.Ended run(String... arguments) {
    calls.add(String.join(" ", arguments));
    var output = outputs.get(arguments[0]);
    return new UserCommands.Ended(output == null ? 1 : 0, output == null ? "" : output);
  }

  private void requireMemory() {
    if (!hasMemory) throw new IllegalStateException("not enough memory");
  }
}
