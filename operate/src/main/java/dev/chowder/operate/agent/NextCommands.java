package dev.chowder.operate.agent;

import dev.chowder.envoy.TlsVariables;
import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.organization.FirstOrganization;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Commands to try with an agent, for the shell of the user. They read the key from its file, so
 * that it is not in the shell's history.
 */
record NextCommands(Site site, ModelChoice model) {
  private static final String COMMANDS =
      """

      export CHOWDER_URL=@URL@ CHOWDER_KEY=$(cat @KEY_FILE@) ID=@ID@

      # the command line (docs/CLI.md): send it a message, stop it and start it, create another one
      @CHOWDER@ chat $ID "What can you do?"
      @CHOWDER@ stop $ID
      @CHOWDER@ start $ID
      @CHOWDER@ create second --provider @PROVIDER@

      # curl
      @CURL@ @URL@/v1/instances/$ID/responses -H "Authorization: Bearer $CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"input": "What can you do?"}'

      # grpcurl, with server reflection
      @GRPCURL@ -H "authorization: Bearer $CHOWDER_KEY" -d "{\\"instance_id\\": \\"$ID\\"}" localhost:@GRPC_PORT@ chowder.v1.InstanceService/WatchInstance

      # the openai Python client (pip install openai)
      @PYTHON@ -c 'import os, openai; c = openai.OpenAI(base_url="@URL@/v1/instances/" + os.environ["ID"], api_key=os.environ["CHOWDER_KEY"]@CERTIFICATE@); print(c.responses.create(model="openclaw", input="Hello!").output_text)'
      """;

  private static final Pattern PART = Pattern.compile("@([A-Z_]+)@");

  /** Returns the commands for an agent. */
  String text(String id) {
    var keyFile = site.file(FirstOrganization.KEY_FILE).toString();
    var parts =
        Map.of(
            "URL", url(),
            "KEY_FILE", Words.quoted(keyFile),
            "ID", id,
            "CHOWDER", chowder(),
            "PROVIDER", model.provider(),
            "CURL", curl(),
            "GRPCURL", grpcurl(),
            "GRPC_PORT", value("CHOWDER_GRPC_PORT", ""),
            "PYTHON", python(),
            "CERTIFICATE", certificate());
    // In one pass, because a part may contain the name of another one.
    return PART.matcher(COMMANDS)
        .replaceAll(part -> Matcher.quoteReplacement(parts.getOrDefault(part.group(1), "")));
  }

  private String chowder() {
    var layout = site.layout();
    var program = layout.isRelease() ? "bin/chowder" : "scripts/chowder";
    return Words.quoted(layout.root().resolve(program).toString());
  }

  private String url() {
    var port = value("CHOWDER_REST_PORT", "");
    return tls().isPublic()
        ? "https://%s:%s".formatted(value("CHOWDER_TLS_NAME", "localhost"), port)
        : "http://localhost:" + port;
  }

  private String curl() {
    var words = new ArrayList<>(List.of("curl"));
    if (tls().isPublic()) {
      var name = value("CHOWDER_TLS_NAME", "localhost");
      var port = value("CHOWDER_REST_PORT", "");
      if (!name.equals("localhost")) {
        words.add("--connect-to %s:%s:localhost:%s".formatted(name, port, port));
      }
      option(words, "--cacert", "CHOWDER_TLS_CA");
      option(words, "--cert", "CHOWDER_TLS_CLIENT_CERTIFICATE");
      option(words, "--key", "CHOWDER_TLS_CLIENT_KEY");
    }
    return String.join(" ", words);
  }

  private String grpcurl() {
    if (!tls().isInternal()) return "grpcurl -plaintext";
    var words = new ArrayList<>(List.of("grpcurl"));
    option(words, "-cacert", "CHOWDER_TLS_INTERNAL_CA");
    option(words, "-cert", "CHOWDER_TLS_INTERNAL_CERTIFICATE");
    option(words, "-key", "CHOWDER_TLS_INTERNAL_KEY");
    words.add("-authority " + value("CHOWDER_TLS_INTERNAL_NAME", "chowder-node"));
    return String.join(" ", words);
  }

  private String python() {
    var ca = value("CHOWDER_TLS_CA", "");
    return tls().isPublic() && !ca.isEmpty()
        ? "SSL_CERT_FILE=%s python3".formatted(Words.quoted(ca))
        : "python3";
  }

  private String certificate() {
    var certificate = value("CHOWDER_TLS_CLIENT_CERTIFICATE", "");
    return certificate.isEmpty()
        ? ""
        : ", http_client=openai.DefaultHttpxClient(cert=(\"%s\", \"%s\"))"
            .formatted(certificate, value("CHOWDER_TLS_CLIENT_KEY", ""));
  }

  private void option(List<String> words, String option, String variable) {
    site.variables()
        .find(variable)
        .ifPresent(value -> words.add(option + " " + Words.quoted(value)));
  }

  private String value(String name, String otherwise) {
    return site.variables().find(name).orElse(otherwise);
  }

  private TlsVariables tls() {
    return new TlsVariables(site.variables().all());
  }
}
