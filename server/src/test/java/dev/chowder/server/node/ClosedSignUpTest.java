package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests a server on which only the operator creates organizations. */
class ClosedSignUpTest {
  @TempDir Path home;

  @Test
  void onlyAnOperatorCreatesOrganizations() throws Exception {
    var host = Node.host(home.resolve("sandboxes"));
    try (var node = Node.start(home, host, Map.of("chowder.sign-up-open", "no"))) {
      var refused = catchThrowableOfType(StatusRuntimeException.class, () -> node.newcomer("crab"));
      assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);

      var answer = node.operator("CreateOrganization", request("name", "acme"));
      assertThat(answer.statusCode()).isEqualTo(201);
      var created = new ObjectMapper().readTree(answer.body());
      assertThat(created.at("/organization/name").asText()).isEqualTo("acme");
      assertThat(created.at("/organization/subscription_tier").asText()).isEqualTo("shrimp");
      assertThat(node.organizationId(created.path("api_key").asText()))
          .isEqualTo(created.at("/organization/id").asText());

      for (var name : List.of("", " ", "x".repeat(129), "a\\u0000b")) {
        var rejected = node.operator("CreateOrganization", request("name", name));
        assertThat(rejected.statusCode()).as(name).isEqualTo(400);
        assertThat(rejected.body()).contains("\"field\":\"name\"");
      }
      assertThat(node.operator("ListOrganizations").body())
          .containsOnlyOnce("\"subscription_tier\"");
    }
  }
}
