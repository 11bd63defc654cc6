package dev.chowder.cli.key;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import dev.chowder.cli.failure.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KeysCommandTest extends CommandFixture {
  @Test
  void aNewKeyIsPrintedOnce() {
    server.answers(201, "{\"id\": \"k\", \"name\": \"n\", \"raw_key\": \"chd_sk_x\"}");
    var ran =
        run("keys", "create", "front end", "-i", ID, "-p", "read,interact", "--expires", "1h");
    assertThat(ran).isEqualTo(new Ran(0, "chd_sk_x\n", "Key k is shown only once.\n"));
    var request = server.requests().getFirst();
    assertThat(request.headers()).containsKey("Idempotency-Key");
    assertThat(request.body())
        .contains("\"permissions\":[\"read\",\"interact\"]", "\"expires_at\":\"20");
  }

  /** The server does not keep the response of the first try. */
  @Test
  void aKeyWhoseResponseWasLostIsAConflict() {
    server.breaksConnection().fails(409, "ALREADY_DONE", "x-should-retry", "false");
    var ran = run("keys", "create", "n", "-i", ID, "-p", "read");
    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
    assertThat(ran.errors()).contains("revoke");
  }

  @Test
  void keysAreListedWithTheirPermissions() {
    server.answers(
        200,
        """
        {"keys": [{"id": "k", "name": "n", "key_prefix": "chd_sk_abcd", "is_active": true,
          "instances": [{"instance_id": "i", "permissions": ["read", "files"]},
            {"instance_id": "j", "permissions": ["read", "files"]}]}]}
        """);
    assertThat(run("keys", "ls").output())
        .isEqualTo(
            """
            NAME  PREFIX       STATUS  INSTANCES  PERMISSIONS  USED  ID
            n     chd_sk_abcd  active  2          read,files   -     k
            """);
  }

  @Test
  void anIdIsOneSegmentOfThePath() {
    server.answers(204, "");
    assertThat(run("keys", "rm", "../organization").code()).isZero();
    assertThat(server.requests().getFirst().target()).isEqualTo("/v1/keys/..%2Forganization");
  }
}
