package dev.chowder.cli.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.failure.ExitCode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ChannelsCommandTest extends CommandFixture {
  @TempDir Path folder;

  @Test
  void aChannelShowsItsFields() {
    server.answers(
        200,
        """
        {"channel": "telegram", "connection_type": "token",
          "required_fields": {"token": "The bot's token."}, "optional_fields": {"api_root": "A URL."}}
        """);
    assertThat(run("channels", "get", ID, "telegram").output())
        .isEqualTo(
            """
            channel:      telegram
            enabled:      no
            connected by: token

            FIELD     NEEDED  DESCRIPTION
            token     yes     The bot's token.
            api_root  no      A URL.
            """);
  }

  @Test
  void credentialsAreReadAndNotShown() {
    server.answers(200, "{\"channel\": \"telegram\", \"status\": \"connected\"}");
    var ran = runWith("{\"token\": \"s3cret\"}", "", "channels", "connect", ID, "telegram");
    assertThat(ran.code()).isZero();
    assertThat(ran.output()).contains("connected");
    assertThat(ran.output() + ran.errors()).doesNotContain("s3cret");
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"config\":{\"token\":\"s3cret\"}}");
  }

  @Test
  void aRejectedConnectionIsAFailure() {
    server.answers(200, "{\"channel\": \"t\", \"status\": \"failed\", \"message\": \"no bot\"}");
    var ran = run("channels", "connect", ID, "t", "--again");
    assertThat(ran.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(ran.errors()).contains("no bot");
  }

  @Test
  void aCodeToScanIsWrittenToAFile() {
    server.answers(200, "{\"status\": \"awaiting_scan\", \"qr_image_base64\": \"cG5n\"}");
    var file = folder.resolve("qr.png");
    var ran = run("channels", "connect", ID, "whatsapp", "--again", "--qr", file.toString());
    assertThat(ran.code()).isZero();
    assertThat(file).hasContent("png");
  }

  @Test
  void theStatusIsReadable() {
    server.answers(
        200,
        """
        {"channel": "telegram", "enabled": true,
          "details": {"running": true, "reconnect_attempts": 3, "last_error": "\\u001b[2J", "bot": {"id": 7}}}
        """);
    assertThat(run("channels", "status", ID, "telegram").output())
        .isEqualTo(
            """
            channel:            telegram
            enabled:            yes
            connected:          no
            bot:                {"id":7}
            last error:         \\x1b[2J
            reconnect attempts: 3
            running:            yes
            """);
  }

  @Test
  void peopleWhoWaitCannotControlTheTerminal() {
    server.answers(
        200, "{\"pairings\": [{\"id\": \"p\", \"sender\": {\"name\": \"\\u001b[2JEve\"}}]}");
    assertThat(run("channels", "pairings", ID, "telegram").output()).contains("name=\\x1b[2JEve");
  }

  @Test
  void aPersonIsApprovedByCodeOrId() {
    server.answers(200, "{\"output\": \"approved\"}").answers(200, "{\"output\": \"approved\"}");
    assertThat(run("channels", "pair", ID, "telegram", "ABCD").errors()).isEqualTo("approved\n");
    assertThat(run("channels", "pair", ID, "telegram", "p", "--id").code()).isZero();
    assertThat(server.requests().getFirst().body()).isEqualTo("{\"code\":\"ABCD\"}");
    assertThat(server.requests().getLast().body()).isEqualTo("{\"pairing_id\":\"p\"}");
  }
}
