package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An agent whose image is changed to {@code tools}. */
@ExtendWith(SharedAgents.class)
class ToolsE2E {
  private static final String VENV =
      "python3 -m venv ~/venv && ~/venv/bin/python -c 'print(6 * 7)'";

  /** A package that needs no registry. */
  private static final String PACKAGE =
      "mkdir -p ~/greeter && cd ~/greeter"
          + " && echo '{\"name\":\"greeter\",\"version\":\"1.0.0\",\"bin\":\"greeter.js\"}' >package.json"
          + " && printf '#!/usr/bin/env node\\nconsole.log(`from npm`)\\n' >greeter.js"
          + " && npm install -g --no-audit --no-fund .";

  private final Agent agent = SharedAgents.configured().agent();

  @Test
  void aChangedImageHoldsAtTheNextStartAndAllThatWasInstalledStays() {
    assertThat(agent.get().text("sandbox_image")).isEqualTo("small");
    assertThat(shell("command -v python3 || echo none")).isEqualTo("none");
    shell(PACKAGE);
    assertThat(shell("greeter")).isEqualTo("from npm");

    agent.caller().send("PATCH", agent.path(""), "{\"sandbox_image\": \"tools\"}").is(200);
    assertThat(agent.get().text("sandbox_image")).isEqualTo("tools");
    agent.freeze();
    agent.start(180).is(200);
    assertThat(agent.get().text("served_by")).isEqualTo("boot");
    assertThat(shell("greeter")).isEqualTo("from npm");

    assertThat(turn("python3 -c 'print(6 * 7)'")).isEqualTo("The tool said: 42");
    assertThat(turn(VENV)).isEqualTo("The tool said: 42");
    agent.caller().post(agent.path("/restart?wait=180")).is(200);
    assertThat(turn("~/venv/bin/python -c 'print(7 * 7)'")).isEqualTo("The tool said: 49");
    assertThat(
            shell("for tool in uv gcc ffmpeg rg jq sqlite3 ssh unzip; do command -v $tool; done"))
        .hasLineCount(8);
  }

  private String shell(String script) {
    return Docker.shell(agent.container(), script).strip();
  }

  private String turn(String command) {
    return agent.send("Run the command: " + command).is(200).agentText().strip();
  }
}
