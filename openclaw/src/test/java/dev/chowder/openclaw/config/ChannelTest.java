package dev.chowder.openclaw.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChannelTest {
  @Test
  void onlyAWebhookThatAPluginServesHasAPort() {
    assertThat(Channel.portOfWebhook("/api/messages")).contains(3978);
    assertThat(Channel.portOfWebhook("/line/webhook")).isEmpty();
    assertThat(Channel.portOfWebhook("/api/messages/")).isEmpty();
    assertThat(Channel.portOfWebhook("")).isEmpty();
  }

  @Test
  void everyWebhookHasItsOwnPath() {
    assertThat(Channel.values())
        .filteredOn(channel -> channel.webhook().isPresent())
        .containsExactly(Channel.GOOGLECHAT, Channel.MSTEAMS, Channel.LINE)
        .extracting(channel -> channel.webhook().orElseThrow().path())
        .doesNotHaveDuplicates()
        .allMatch(path -> path.startsWith("/"));
  }
}
