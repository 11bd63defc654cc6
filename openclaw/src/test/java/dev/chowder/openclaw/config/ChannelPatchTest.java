package dev.chowder.openclaw.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChannelPatchTest {
  private static final Map<String, String> TELEGRAM = Map.of("token", "123:abc");

  @Test
  void aBuiltInChannelNeedsNoPlugin() {
    assertThat(patch("{}", Channel.TELEGRAM, on(TELEGRAM)))
        .isEqualTo(
            json(
                "{'channels': {'telegram': {'enabled': true, 'botToken': '123:abc', 'dmPolicy':"
                    + " 'pairing'}}}"));
  }

  @Test
  void aPluginIsAddedToTheAllowedPlugins() {
    var current = "{'plugins': {'allow': ['admin-http-rpc']}}";
    var patch = patch(current, Channel.DISCORD, on(Map.of("token", "t")));
    assertThat(patch.at("/plugins"))
        .isEqualTo(
            json(
                "{'entries': {'discord': {'enabled': true}}, 'allow':"
                    + " ['admin-http-rpc', 'discord']}"));
  }

  @Test
  void settingsOfOtherWritersAreKept() {
    var current = json("{'channels': {'telegram': {'dmPolicy': 'open', 'allowFrom': ['*']}}}");
    var patch =
        ChannelPatch.of(current, Channel.TELEGRAM, on(TELEGRAM), Optional.empty(), url -> url);
    MergePatch.apply(current, patch);
    assertThat(current.at("/channels/telegram"))
        .isEqualTo(
            json(
                "{'enabled': true, 'botToken': '123:abc', 'dmPolicy': 'open', 'allowFrom':"
                    + " ['*']}"));
  }

  @Test
  void aFieldThatIsLeftOutIsRemoved() {
    var previous = on(Map.of("token", "123:abc", "api_root", "https://a.example"));
    var patch =
        ChannelPatch.of(
            json("{}"), Channel.TELEGRAM, on(TELEGRAM), Optional.of(previous), url -> url);
    assertThat(patch.at("/channels/telegram/apiRoot").isNull()).isTrue();
  }

  @Test
  void aUrlIsConvertedForTheSandbox() {
    var desired = on(Map.of("bot_token", "abcdefghij", "base_url", "http://localhost:8065"));
    var patch =
        ChannelPatch.of(
            json("{}"),
            Channel.MATTERMOST,
            desired,
            Optional.empty(),
            url -> url.replace("localhost", "172.30.0.1"));
    assertThat(patch.at("/channels/mattermost/baseUrl").asText())
        .isEqualTo("http://172.30.0.1:8065");
    assertThat(patch.at("/channels/mattermost/network/dangerouslyAllowPrivateNetwork").asBoolean())
        .isTrue();
    var elsewhere = on(Map.of("bot_token", "abcdefghij", "base_url", "https://chat.example.com"));
    assertThat(patch("{}", Channel.MATTERMOST, elsewhere).at("/channels/mattermost").has("network"))
        .isFalse();
  }

  @Test
  void matrixJoinsOnInvitationAndSignalUsesAnExternalDaemon() {
    var matrix =
        patch(
            "{}",
            Channel.MATRIX,
            on(Map.of("homeserver", "https://m.example", "user_id", "@a:b", "access_token", "t")));
    assertThat(matrix.at("/channels/matrix/dm/policy").asText()).isEqualTo("pairing");
    assertThat(matrix.at("/channels/matrix/autoJoin").asText()).isEqualTo("always");
    var signal =
        patch(
            "{}",
            Channel.SIGNAL,
            on(Map.of("account", "+15551234567", "daemon_url", "https://signal.example")));
    assertThat(signal.at("/channels/signal/transport"))
        .isEqualTo(json("{'url': 'https://signal.example', 'kind': 'external-native'}"));
  }

  @Test
  void aDisconnectedChannelKeepsItsSettings() {
    var current = "{'channels': {'discord': {'enabled': true, 'token': 't'}}}";
    assertThat(
            patch(current, Channel.DISCORD, new DesiredChannel("c", false, Map.of("token", "t"))))
        .isEqualTo(
            json(
                "{'channels': {'discord': {'enabled': false}}, 'plugins': {'entries': {'discord':"
                    + " {'enabled': false}}}}"));
    assertThat(patch("{}", Channel.DISCORD, new DesiredChannel("c", false, Map.of()))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void everyChannelAndFieldIsDescribed(Channel channel) {
    assertThat(Channel.named(channel.id())).contains(channel);
    assertThat(channel.fields())
        .allSatisfy(
            field -> {
              assertThat(field.name()).matches("[a-z_]{2,30}");
              assertThat(field.path()).matches("[a-zA-Z]+(\\.[a-zA-Z]+)?");
              assertThat(field.description()).endsWith(".");
              assertThat(field.form().pattern().equals(".*")).isEqualTo(field.expected().isEmpty());
            });
    assertThat(channel.fields()).extracting(Channel.Field::name).doesNotHaveDuplicates();
  }

  private static DesiredChannel on(Map<String, String> config) {
    return new DesiredChannel("change", true, config);
  }

  private static ObjectNode patch(String current, Channel channel, DesiredChannel desired) {
    return ChannelPatch.of(json(current), channel, desired, Optional.empty(), url -> url);
  }

  private static ObjectNode json(String text) {
    try {
      return MergePatchTest.json(text);
    } catch (Exception none) {
      throw new AssertionError(none);
    }
  }
}
