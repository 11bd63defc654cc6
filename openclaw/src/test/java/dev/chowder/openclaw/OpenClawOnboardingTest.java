package dev.chowder.openclaw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.secret.Secret;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpenClawOnboardingTest {
  private static final Secret KEY = Secret.of("sk-the-key");
  private static final Secret TOKEN = Secret.of("the-token");
  private static final String PUBLIC_URL = "http://i.localhost:8080";

  @ParameterizedTest
  @CsvSource({
    "anthropic, '', '', '', anthropic.json",
    "openai, gpt-5.5, '', '', openai.json",
    "gemini, '', '', '', gemini.json",
    "anthropic, m-1, http://172.30.0.1:9000, '', anthropic-elsewhere.json",
    "custom, demo, http://172.30.0.1:9092/v1, '', custom.json",
  })
  void theFileBeforeTheFirstStartEqualsTheGoldenFile(
      String provider, String model, String baseUrl, String api, String golden) throws Exception {
    var setup = new ModelSetup(provider, model, baseUrl, api, Optional.of(KEY));
    var files =
        OpenClawOnboarding.homeFiles(OpenClawOnboarding.seed(setup), setup, TOKEN, PUBLIC_URL);
    assertThat(OpenClawConfig.parse(files.getLast().content())).isEqualTo(golden(golden));
  }

  @Test
  void theKeyAndTheTokenAreInTheirOwnFilesOnly() {
    var setup = new ModelSetup("anthropic", "", "", "", Optional.of(KEY));
    var files =
        OpenClawOnboarding.homeFiles(OpenClawOnboarding.seed(setup), setup, TOKEN, PUBLIC_URL);
    assertOnly(files, OpenClawHome.PROVIDER_KEY, KEY);
    assertOnly(files, OpenClawHome.GATEWAY_TOKEN, TOKEN);
    assertThat(OpenClawOnboarding.command()).noneMatch(word -> word.contains(KEY.reveal()));
    assertThat(setup.toString()).doesNotContain(KEY.reveal());
  }

  private static void assertOnly(List<SandboxFile> files, String path, Secret secret) {
    assertThat(files)
        .filteredOn(file -> file.content().toStringUtf8().contains(secret.reveal()))
        .singleElement()
        .satisfies(
            file -> {
              assertThat(file.path()).isEqualTo(path);
              assertThat(file.mode()).isEqualTo(0600);
              assertThat(file.content().toStringUtf8()).isEqualTo(secret.reveal());
            });
  }

  @Test
  void aSkeletonKeepsWhatTheModelDoesNotSet() {
    var skeleton =
        OpenClawConfig.parse(
            ByteString.copyFromUtf8(
                "{agents: {defaults: {workspace: '/w'}}, tools: {profile: 'full'}}"));
    var setup = new ModelSetup("custom", "demo", "http://x/v1", "", Optional.of(KEY));
    var config = OpenClawOnboarding.configFrom(skeleton, setup);
    assertThat(config.at("/agents/defaults/workspace").asText()).isEqualTo("/w");
    assertThat(config.at("/agents/defaults/model/primary").asText()).isEqualTo("custom/demo");
    assertThat(config.at("/tools/profile").asText()).isEqualTo("full");
    assertThat(config.toString()).doesNotContain(KEY.reveal());
  }

  @ParameterizedTest
  @ValueSource(strings = {"anthropic", "openai", "gemini", "custom"})
  void onlyTheConfigurationIsWrittenBeforeOnboardingWithoutSecrets(String provider) {
    var files =
        OpenClawOnboarding.files(
            new ModelSetup(provider, "m-1", "http://172.30.0.1:9092/v1", "", Optional.of(KEY)));
    assertThat(files)
        .singleElement()
        .satisfies(
            file -> {
              assertThat(file.path()).isEqualTo(OpenClawHome.CONFIG);
              assertThat(OpenClawConfig.parse(file.content()).fieldNames())
                  .toIterable()
                  .containsExactlyInAnyOrder("models", "agents");
            });
  }

  @Test
  void aCustomEndpointNeedsAModel() {
    assertThatThrownBy(
            () ->
                OpenClawOnboarding.seed(
                    new ModelSetup("custom", "", "http://x", "", Optional.empty())))
        .hasMessageStartingWith("model: ");
  }

  @Test
  void repeatingAStepChangesNothing() throws Exception {
    var config = golden("custom.json");
    var again = (ObjectNode) config.deepCopy();
    OpenClawConfig.requireToken(again);
    OpenClawConfig.openEndpoints(again, PUBLIC_URL);
    assertThat(again).isEqualTo(config);
  }

  @Test
  void aFileWithCommentsIsReadAndAnInvalidOneIsReportedWithoutItsContent() {
    var read = OpenClawConfig.parse(ByteString.copyFromUtf8("{ // mine\n gateway: {port: 1,}, }"));
    assertThat(read.at("/gateway/port").asInt()).isEqualTo(1);
    assertThatThrownBy(() -> OpenClawConfig.parse(ByteString.copyFromUtf8("{\n\"a\": hush")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("openclaw.json: ")
        .hasMessageContaining("line 2")
        .hasMessageNotContaining("hush");
    assertThatThrownBy(() -> OpenClawConfig.parse(ByteString.EMPTY))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static JsonNode golden(String name) throws IOException {
    try (var in = OpenClawOnboardingTest.class.getResourceAsStream("/openclaw/" + name)) {
      return OpenClawConfig.JSON.readTree(in);
    }
  }
}
