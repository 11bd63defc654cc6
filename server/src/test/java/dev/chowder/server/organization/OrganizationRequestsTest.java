package dev.chowder.server.organization;

import static dev.chowder.server.rules.Checked.checked;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.openclaw.model.ModelHosts;
import dev.chowder.organization.EndpointChange;
import dev.chowder.organization.ModelProvider;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.Rejection;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrganizationRequestsTest {
  private final OrganizationRequests requests =
      new OrganizationRequests(
          List.of("anthropic", "openai", "gemini", "custom"),
          Set.of("10.0.0.7", "models.lan:8000", "127.0.0.1"),
          port -> port == 11434);

  @Test
  void keysAreMergedAndAnEmptyOneRemoves() throws Exception {
    var keys = change("{\"model_api_keys\":{\"openai\":\"sk-1\",\"gemini\":\"\"}}").modelKeys();
    assertThat(keys).containsEntry(ModelProvider.OPENAI, Optional.of(Secret.of("sk-1")));
    assertThat(keys).containsEntry(ModelProvider.GEMINI, Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"sk 1", "sk\\u0000", "sk-\\u00e9", "sk\\n"})
  void anInvalidKeyIsRejectedWithoutItsValue(String key) {
    rejects("{\"model_api_keys\":{\"openai\":\"" + key + "\"}}")
        .hasField("model_api_keys.openai")
        .hides("sk");
  }

  @Test
  void aKeyHasAtMost512Characters() {
    rejects("{\"model_api_keys\":{\"openai\":\"" + "k".repeat(513) + "\"}}");
  }

  @Test
  void endpointsAreMergedAndNullRemoves() throws Exception {
    var endpoints =
        change(
                "{\"model_endpoints\":{\"openai\":null,\"custom\":{\"base_url\":\"http://localhost:11434/v1/\",\"api\":null}}}")
            .modelEndpoints();
    assertThat(endpoints.get(ModelProvider.OPENAI)).isEqualTo(new EndpointChange.Remove());
    assertThat(endpoints.get(ModelProvider.CUSTOM))
        .isEqualTo(
            new EndpointChange.Merge(
                Optional.of("http://localhost:11434/v1"), Optional.empty(), Optional.of("")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model_endpoints\":{\"mistral\":null}}",
        "{\"model_endpoints\":{\"custom\":{}}}",
        "{\"model_endpoints\":{\"custom\":\"http://a.example\"}}",
        "{\"model_endpoints\":{\"custom\":{\"url\":\"http://a.example\"}}}",
        "{\"model_endpoints\":{\"custom\":{\"model\":5}}}",
        "{\"model_endpoints\":{\"custom\":{\"api\":\"soap\"}}}",
        "{\"model_api_keys\":{\"mistral\":\"k\"}}",
        "{\"name\":\"\"}",
      })
  void malformedRequestsAreRejected(String json) {
    rejects(json);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://api.example.com/v1",
        "http://localhost:11434",
        "http://8.8.8.8/v1",
        "https://[2606:4700:4700::1111]/v1",
        "http://localhost.:11434/v1",
        "http://127.0.0.1:11434",
        "http://10.0.0.7:9000",
        "http://models.lan:8000/v1",
      })
  void aPublicOrAllowedUrlIsAccepted(String url) throws Exception {
    assertThat(change(endpoint(url)).modelEndpoints()).containsKey(ModelProvider.CUSTOM);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost:11434",
        "http://localhost",
        "https://localhost",
        "http://localhost:22",
        "http://LocalHost.:5432",
        "http://localhost:9093",
        "http://localhost:9901/v1",
        "http://127.0.0.1:9901",
        "ftp://a.example",
        "file:///etc/passwd",
        "http://",
        "http://user:pw@a.example",
        "http://a.example/?key=1",
        "http://a.example/#x",
        "http://a.example:0",
        "http://a.example:99999",
        "http://127.0.0.1:8080",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://0177.0.0.1",
        "http://[::1]",
        "http://[::ffff:10.0.0.1]",
        "http://[64:ff9b::a00:1]",
        "http://[2002:a00:1::]",
        "http://[fe80::1]",
        "http://[fd00::1]",
        "http://0.0.0.0",
        "http://10.1.2.3",
        "http://10.0.0.8",
        "http://172.16.0.1",
        "http://192.168.1.1",
        "http://100.64.0.1",
        "http://169.254.169.254/latest/meta-data",
        "http://168.63.129.16/metadata",
        "http://192.0.2.1",
        "http://198.51.100.1",
        "http://203.0.113.1",
        "http://[2001:db8::1]",
        "http://metadata.google.internal",
        "http://intranet",
        "http://printer.local",
        "http://x.localhost",
        "http://models.lan:8001",
        "http://224.0.0.1",
        "http://255.255.255.255",
        "http://a_b.example\\u0000",
      })
  void aPrivateOrInvalidUrlIsRejected(String url) {
    rejects(endpoint(url)).hasField("model_endpoints.custom.base_url");
  }

  @Test
  void aPasswordInAUrlIsNotShown() {
    rejects(endpoint("http://user:hunter2@a.example")).hides("hunter2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "127.0.0.1", "169.254.1.1", "fc00::1", "::"})
  void internalAddressesArePrivate(String address) throws UnknownHostException {
    assertThat(ModelHosts.isPrivate(InetAddress.getByName(address))).isTrue();
  }

  @Test
  void publicAddressesAreNotPrivate() throws UnknownHostException {
    assertThat(ModelHosts.isPrivate(InetAddress.getByName("1.1.1.1"))).isFalse();
    assertThat(ModelHosts.isPrivate(InetAddress.getByName("2606:4700::1"))).isFalse();
  }

  private static String endpoint(String url) {
    return "{\"model_endpoints\":{\"custom\":{\"base_url\":\"" + url + "\"}}}";
  }

  private OrganizationRequests.Change change(String json) throws InvalidProtocolBufferException {
    var request = UpdateOrganizationRequest.newBuilder();
    JsonFormat.parser().merge(json, request);
    return requests.change(checked(request.build()));
  }

  private Rejection rejects(String json) {
    return Rejection.of(() -> change(json)).hasReason(Reason.INVALID_FIELD);
  }
}
