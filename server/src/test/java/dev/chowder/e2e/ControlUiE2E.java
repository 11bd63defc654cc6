package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** OpenClaw's Control UI in a real browser at an agent's public address. */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControlUiE2E {
  private static final String COMPOSER = "textarea[aria-label='Chat composer']";
  private static final String REFUSED = ".login-gate__failure";

  private final Agent first = SharedAgents.first();
  private final Agent second = SharedAgents.configured().agent();
  private final Browser browser = new Browser();

  @AfterAll
  void close() {
    browser.close();
  }

  @Test
  void aBrowserWithTheTokenIsApprovedAndTalksToTheAgent() {
    String nonce = UUID.randomUUID().toString();
    // Until the device is approved, the page says that it is waiting.
    Page page = browser.open(console(first, first.gatewayToken()), COMPOSER);
    assertThat(page.url()).as("the browser's history").doesNotContain("token");

    page.locator(COMPOSER).fill("Remember: " + nonce);
    page.locator(COMPOSER).press("Enter");
    Locator answer =
        page.locator(".chat-group.assistant", new Page.LocatorOptions().setHasText(nonce));
    try {
      answer.waitFor();
    } finally {
      Browser.screenshot(page, "answer");
    }
    assertThat(first.send("What did I ask you to remember?").is(200).agentText())
        .as("over REST, in the same session")
        .contains(nonce);
  }

  @Test
  void anotherAgentsTokenDoesNotOpenIt() {
    Page page = browser.open(console(second, first.gatewayToken()), REFUSED);
    Browser.screenshot(page, "refused");
    // After the refusal, the page may connect again without a token.
    assertThat(page.locator(REFUSED).textContent())
        .containsAnyOf("token mismatch", "This Gateway expects its token");
    assertThat(page.locator(COMPOSER).count()).isZero();
  }

  private static String console(Agent agent, String token) {
    return agent.get().text("gateway_url") + "/#token=" + token;
  }
}
