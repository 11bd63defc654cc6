package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.client.StubServer;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Runs commands against a server with scripted responses. */
public abstract class CommandFixture {
  protected static final String ID = "01a2140b-b860-74ac-a695-4f21471be50c";
  private static final String KEY = "the-key-of-the-caller";

  protected StubServer server;

  @BeforeEach
  void start() throws IOException {
    server = StubServer.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  protected Ran run(String... arguments) {
    return runWith("", "", arguments);
  }

  /** Runs a command with standard input and with terminals. */
  protected Ran runWith(String input, String terminals, String... arguments) {
    var variables =
        Map.of("CHOWDER_URL", server.url().toString(), "CHOWDER_KEY", KEY, "HOME", "/nowhere");
    var ran = Ran.of(variables, input, terminals, arguments);
    assertThat(ran.output() + ran.errors()).doesNotContain(KEY);
    return ran;
  }
}
