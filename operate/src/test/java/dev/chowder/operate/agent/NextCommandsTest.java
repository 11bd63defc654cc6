package dev.chowder.operate.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.output.Notices;
import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import dev.chowder.program.Program;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the commands that a start prints at its end. */
@Timeout(60)
class NextCommandsTest {
  @TempDir private Path folder;

  @Test
  void theCommandsCallThisInstallation() {
    assertThat(
            text(
                "/opt/chowder",
                Map.of(
                    "CHOWDER_HOME", "/srv/home",
                    "CHOWDER_REST_PORT", "18080",
                    "CHOWDER_GRPC_PORT", "19090")))
        .isEqualTo(
            """

            export CHOWDER_URL=http://localhost:18080 CHOWDER_KEY=$(cat /srv/home/organization.key) ID=id-1

            # the command line (docs/CLI.md): send it a message, stop it and start it, create another one
            /opt/chowder/scripts/chowder chat $ID "What can you do?"
            /opt/chowder/scripts/chowder stop $ID
            /opt/chowder/scripts/chowder start $ID
            /opt/chowder/scripts/chowder create second --provider custom

            # curl
            curl http://localhost:18080/v1/instances/$ID/responses -H "Authorization: Bearer $CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"input": "What can you do?"}'

            # grpcurl, with server reflection
            grpcurl -plaintext -H "authorization: Bearer $CHOWDER_KEY" -d "{\\"instance_id\\": \\"$ID\\"}" localhost:19090 chowder.v1.InstanceService/WatchInstance

            # the openai Python client (pip install openai)
            python3 -c 'import os, openai; c = openai.OpenAI(base_url="http://localhost:18080/v1/instances/" + os.environ["ID"], api_key=os.environ["CHOWDER_KEY"]); print(c.responses.create(model="openclaw", input="Hello!").output_text)'
            """);
  }

  @Test
  void withTlsTheCommandsHaveItsFilesAndNames() {
    var text =
        text(
            "/opt/chowder",
            Map.ofEntries(
                Map.entry("CHOWDER_TLS_CERTIFICATE", "/tls/c.pem"),
                Map.entry("CHOWDER_TLS_NAME", "chowder.example"),
                Map.entry("CHOWDER_TLS_CA", "/tls/a ca.pem"),
                Map.entry("CHOWDER_TLS_CLIENT_CERTIFICATE", "/tls/client.pem"),
                Map.entry("CHOWDER_TLS_CLIENT_KEY", "/tls/client.key"),
                Map.entry("CHOWDER_TLS_INTERNAL_CERTIFICATE", "/tls/node.pem"),
                Map.entry("CHOWDER_TLS_INTERNAL_KEY", "/tls/node.key"),
                Map.entry("CHOWDER_TLS_INTERNAL_CA", "/tls/internal.pem")));
    assertThat(text)
        .contains("CHOWDER_URL=https://chowder.example:8080 ")
        .contains(
            "\ncurl --connect-to chowder.example:8080:localhost:8080 --cacert '/tls/a ca.pem'"
                + " --cert /tls/client.pem --key /tls/client.key"
                + " https://chowder.example:8080/v1/instances/$ID/responses ")
        .contains(
            "\ngrpcurl -cacert /tls/internal.pem -cert /tls/node.pem -key /tls/node.key"
                + " -authority chowder-node -H ")
        .contains("\nSSL_CERT_FILE='/tls/a ca.pem' python3 -c ")
        .contains(
            "os.environ[\"CHOWDER_KEY\"],"
                + " http_client=openai.DefaultHttpxClient(cert=(\"/tls/client.pem\","
                + " \"/tls/client.key\")));");
  }

  @Test
  void aCertificateOfLocalhostNeedsNoOtherAddress() {
    assertThat(text("/opt/chowder", Map.of("CHOWDER_TLS_CERTIFICATE", "/tls/c.pem")))
        .contains("\ncurl https://localhost:8080/v1/")
        .contains("\ngrpcurl -plaintext ")
        .contains("\npython3 -c ");
  }

  @Test
  void pathsMayHaveBlanksAndTheWordsOfTheTemplate() {
    var odd = "/srv/a 'PROVIDER' & $x CLIENT) CURL URL/ KEY_FILE ID=AGENT";
    var text = text(odd, Map.of("CHOWDER_HOME", odd));
    var shown =
        Program.of(
                "bash",
                "-c",
                "cat() { echo \"$1\"; }; %s; printf '%%s' \"$CHOWDER_KEY\""
                    .formatted(text.strip().lines().findFirst().orElseThrow()))
            .run()
            .output();
    assertThat(shown).isEqualTo(odd + "/organization.key");
    var stop = text.lines().filter(line -> line.endsWith(" stop $ID")).findFirst().orElseThrow();
    var command =
        Program.of("bash", "-c", "printf '%s' " + stop.replace(" stop $ID", "")).run().output();
    assertThat(command).isEqualTo(odd + "/scripts/chowder");
  }

  @Test
  void aReleaseHasItsOwnCommand() {
    var root = Path.of("/opt/release");
    assertThat(text(new Layout(root, root.resolve("app"), root, root), Map.of()))
        .contains("\n/opt/release/bin/chowder stop $ID\n");
  }

  private String text(String root, Map<String, String> variables) {
    var path = Path.of(root);
    return text(new Layout(path, folder, folder, folder), variables);
  }

  private String text(Layout layout, Map<String, String> variables) {
    var site = TestSite.in(folder, variables).site();
    var notices = new Notices(OutputStream.nullOutputStream(), false);
    return new NextCommands(new Site(layout, site.variables(), notices), ModelChoice.DEMO)
        .text("id-1");
  }
}
