package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import dev.chowder.cli.failure.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UpdateCommandTest extends CommandFixture {
  private static final String INSTANCE = "{\"id\": \"%s\", \"name\": \"new\"}".formatted(ID);

  @Test
  void onlyTheNamedFieldsAreSent() {
    server.answers(200, INSTANCE);
    var ran =
        run("update", ID, "--name", "new", "-l", "team=docs", "-l", "a=", "--remove-label", "old");
    assertThat(ran).isEqualTo(new Ran(0, "", "new is updated.\n"));
    var request = server.requests().getFirst();
    assertThat(request.method()).isEqualTo("PATCH");
    assertThat(request.target()).isEqualTo("/v1/instances/" + ID);
    assertThat(request.body())
        .isEqualTo("{\"name\":\"new\",\"labels\":{\"team\":\"docs\",\"a\":\"\",\"old\":\"\"}}");
  }

  @Test
  void theConfigurationIsAMergePatch() {
    server.answers(200, INSTANCE);
    var patch = "{\"messages\": {\"ackReaction\": null}}";
    assertThat(runWith(patch, "", "update", ID, "--config-file", "-", "-o", "json").output())
        .isEqualTo(INSTANCE + "\n");
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"openclaw_config\":{\"messages\":{\"ackReaction\":null}}}");
  }

  @Test
  void anUpdateOfNothingIsAMistake() {
    assertThat(run("update", ID).code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(server.requests()).isEmpty();
  }
}
