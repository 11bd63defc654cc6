package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that a create and a boot use the provider, the key and the endpoint that their organization
 * has now.
 */
class ProviderChangeTest {
  @TempDir static Path home;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    node = Node.start(home, Map.of());
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void aCreateThatNamesNoProviderUsesTheOnlyOneOrTheDefault() {
    var key = node.newcomer("crab");
    assertThat(createWithoutProvider(key).getModelProvider()).isEqualTo("custom");

    set(key, "openai", "a-key", "v1", "any");
    assertThatThrownBy(() -> createWithoutProvider(key))
        .hasMessageContaining("model_provider: must be one of openai, custom");

    set(key, "anthropic", "a-key", "v1", "any");
    assertThat(createWithoutProvider(key).getModelProvider()).isEqualTo("anthropic");
  }

  private static Instance createWithoutProvider(String key) {
    return node.instances(key)
        .createInstance(CreateInstanceRequest.newBuilder().setName("a").build());
  }

  @Test
  void aBootUsesTheChangedKeyAndEndpoint() {
    var key = node.newcomer("shrimp");
    set(key, "the-first-key", "v1", "any");
    var id = node.createRunning(key);
    assertThat(file(id, OpenClawHome.PROVIDER_KEY)).isEqualTo("the-first-key");

    set(key, "the-second-key", "v2", "any");
    restart(key, id);

    assertThat(file(id, OpenClawHome.PROVIDER_KEY)).isEqualTo("the-second-key");
    assertThat(baseUrl(id)).endsWith(":" + node.modelPort() + "/v2");
    // Nothing is pending, so the next boot writes nothing.
    var before = file(id, OpenClawHome.CONFIG);
    restart(key, id);
    assertThat(file(id, OpenClawHome.CONFIG)).isEqualTo(before);
  }

  @Test
  void aBootWithoutTheRemovedKeyAndEndpointKeepsTheAgent() {
    var key = node.newcomer("shrimp");
    set(key, "the-only-key", "v1", "any");
    var id = node.createRunning(key);

    var _ =
        node.organizations(key)
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder()
                    .putModelApiKeys("custom", "")
                    .setModelEndpoints(
                        Struct.newBuilder()
                            .putFields(
                                "custom",
                                Value.newBuilder().setNullValue(NullValue.NULL_VALUE).build()))
                    .build());
    restart(key, id);

    assertThat(file(id, OpenClawHome.PROVIDER_KEY)).doesNotContain("the-only-key");
  }

  @Test
  void anAgentThatBrokeItsConfigurationGetsTheKeyAndBoots() {
    var key = node.newcomer("shrimp");
    set(key, "the-first-key", "v1", "any");
    var id = node.createRunning(key);
    for (var broken : new String[] {"no JSON", "{\"models\": []}"}) {
      node.host()
          .homes()
          .writeFiles(
              Node.sandbox(id),
              Fence.NONE,
              List.of(new SandboxFile(OpenClawHome.CONFIG, ByteString.copyFromUtf8(broken), 0600)));
      set(key, "key-after-" + broken.length(), "v1", "any");
      restart(key, id);
      assertThat(file(id, OpenClawHome.PROVIDER_KEY)).isEqualTo("key-after-" + broken.length());
      assertThat(file(id, OpenClawHome.CONFIG)).isEqualTo(broken);
    }
  }

  private static void set(String key, String providerKey, String path, String model) {
    set(key, "custom", providerKey, path, model);
  }

  private static void set(
      String key, String provider, String providerKey, String path, String model) {
    var endpoint =
        Struct.newBuilder()
            .putFields("base_url", text("http://localhost:" + node.modelPort() + "/" + path))
            .putFields("model", text(model))
            .build();
    var _ =
        node.organizations(key)
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder()
                    .putModelApiKeys(provider, providerKey)
                    .setModelEndpoints(
                        Struct.newBuilder()
                            .putFields(
                                provider, Value.newBuilder().setStructValue(endpoint).build()))
                    .build());
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private static void restart(String key, String id) {
    var restarted =
        node.instances(key)
            .restartInstance(RestartInstanceRequest.newBuilder().setInstanceId(id).build());
    assertThat(restarted.getStatus()).isEqualTo(Instance.Status.running);
  }

  private static String baseUrl(String id) {
    return OpenClawConfig.parse(ByteString.copyFromUtf8(file(id, OpenClawHome.CONFIG)))
        .at("/models/providers/custom/baseUrl")
        .asText();
  }

  private static String file(String id, String path) {
    return node.host()
        .homes()
        .readFile(Node.sandbox(id), path, 1 << 20)
        .orElseThrow()
        .toStringUtf8();
  }
}
