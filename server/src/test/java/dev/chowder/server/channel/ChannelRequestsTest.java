package dev.chowder.server.channel;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.base.Ids;
import dev.chowder.server.error.Rejection;
import dev.chowder.settings.SettingsBinder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelRequestsTest {
  private static final String ID = Ids.next();

  private final ChannelRequests requests = new ChannelRequests(port -> port == 8065);

  @Test
  void aChannelsConfigurationIsReadUnchanged() {
    var wanted =
        requests.connection(
            connect("slack", Map.of("bot_token", "xoxb-12345", "app_token", "xapp-12345")));
    assertThat(wanted.config())
        .isEqualTo(Map.of("bot_token", "xoxb-12345", "app_token", "xapp-12345"));
    assertThat(wanted.named().channel().id()).isEqualTo("slack");
    assertThat(requests.connection(connect("slack", Map.of())).config()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "telegram, token, nonsense-hush, config.token",
    "telegram, api_root, https://example.com, config.token",
    "slack, app_token, xapp-12345, config.bot_token",
    "whatsapp, token, x-hush, config.token",
    "nostr, private_key, hush, config.private_key",
    "nostr, relays, wss://hush, config.relays",
    "signal, account, hush, config.account",
  })
  void wrongFieldsAreNamedWithoutTheirValues(
      String channel, String field, String value, String named) {
    Rejection.of(() -> requests.connection(connect(channel, Map.of(field, value))))
        .hasField(named)
        .hides("hush");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://localhost:8065", "http://localhost.:8065/", "https://chat.example.com"})
  void aUrlMayBePublicOrNameAnOpenPortOfThisMachine(String url) {
    var config = Map.of("bot_token", "abcdefghij", "base_url", url);
    assertThat(requests.connection(connect("mattermost", config)).config().get("base_url"))
        .isEqualTo(url.replaceAll("/$", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost",
        "https://localhost",
        "http://localhost:8066",
        "http://127.0.0.1:8065",
        "http://[::1]:8065",
        "http://10.1.2.3:8065",
        "http://intranet:8065"
      })
  void otherPrivateUrlsAreRejected(String url) {
    var config = Map.of("bot_token", "abcdefghij", "base_url", url);
    Rejection.of(() -> requests.connection(connect("mattermost", config)))
        .hasField("config.base_url");
  }

  @Test
  void theOperatorsPortsAreReadFromTheSettings() {
    assertThat(settings("").localhostPorts()).isEmpty();
    assertThat(settings(" 80, 8065 ").localhostPorts()).containsExactlyInAnyOrder(80, 8065);
    for (var wrong : new String[] {"0", "65536", "a", "80-90"}) {
      Rejection.ofSetting("chowder.channels.localhost-ports", () -> settings(wrong))
          .shows(65535, wrong);
    }
  }

  private static ChannelSettings settings(String ports) {
    return SettingsBinder.bind(
        ConfigFactory.parseMap(Map.of("chowder.channels.localhost-ports", ports)),
        ChannelSettings.class);
  }

  private static ConnectChannelRequest connect(String channel, Map<String, String> config) {
    return ConnectChannelRequest.newBuilder()
        .setInstanceId(ID)
        .setChannel(channel)
        .putAllConfig(config)
        .build();
  }
}
