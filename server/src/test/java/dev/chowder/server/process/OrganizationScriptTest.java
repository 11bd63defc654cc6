package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code organization.sh} with an operator's interface that keeps its state in files. */
@Timeout(60)
class OrganizationScriptTest {
  /** Ends the script, as a kill would, after the call that the file {@code ends-after} matches. */
  private static final String OPERATOR =
      """
      set -euo pipefail
      cd "$1"
      ORGANIZATION_KEY_FILE="$1/organization.key" ORGANIZATION_ID_FILE="$1/organization-id"
      say() { printf '%s\\n' "$*" >&2; }
      die() { say "$@"; exit 1; }
      secret_file() { cat >"$1.part"; mv "$1.part" "$1"; }
      operator_api() {
        printf '%s %s\\n' "$1" "${2:-}" >>calls
        case "$1 ${2:-}" in
          'ListOrganizations '*)
            jq -s '{organizations: .}' organizations ;;
          'CreateOrganization '*)
            local n
            n="$(wc -l <organizations)"
            local made='{"id":"id-'$n'","name":"my-organization","subscription_tier":"shrimp","standing":"active"}'
            printf '%s\\n' "$made" >>organizations
            jq --arg made first '{organization: ., api_key: $made}' <<<"$made" ;;
          'SetTier '*)
            sed -i 's/shrimp/crab/' organizations ;;
          'CreateOrganizationKey '*)
            jq -n --arg made next '{api_key: $made}' ;;
        esac
        if [ -s ends-after ] && printf '%s' "$1 ${2:-}" | grep -qxEf ends-after; then kill -9 $$; fi
      }
      . "$2"
      organization_ensure
      """;

  @TempDir Path folder;

  private int run(String endsAfter) throws Exception {
    Files.writeString(folder.resolve("ends-after"), endsAfter);
    if (!Files.exists(folder.resolve("organizations"))) {
      Files.createFile(folder.resolve("organizations"));
    }
    var script = Path.of("../scripts/lib/organization.sh").toRealPath();
    var process =
        new ProcessBuilder(
                List.of("bash", "-c", OPERATOR, "up", folder.toString(), script.toString()))
            .redirectErrorStream(true)
            .start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(printed).isTrue();
    return process.exitValue();
  }

  private String text(String file) throws Exception {
    return Files.readString(folder.resolve(file)).strip();
  }

  @Test
  void theOrganizationIsCreatedOnceWithItsTierAndKey() throws Exception {
    assertThat(run("")).isZero();
    assertThat(run("")).isZero();
    assertThat(text("calls"))
        .isEqualTo(
            "ListOrganizations \nCreateOrganization {\"name\":\"my-organization\"}\n"
                + "SetTier {\"organization_id\":\"id-0\",\"tier\":\"crab\"}");
    assertThat(text("organization-id")).isEqualTo("id-0");
    assertThat(text("organization.key")).isEqualTo("first");
  }

  @Test
  void aScriptThatWasKilledAfterAnyCallContinuesWithTheSameOrganization() throws Exception {
    for (var call : List.of("CreateOrganization .*", "SetTier .*")) {
      for (var file : List.of("organizations", "organization-id", "organization.key", "calls")) {
        Files.deleteIfExists(folder.resolve(file));
      }
      assertThat(run(call)).as(call).isNotZero();
      assertThat(folder.resolve("organization.key")).doesNotExist();
      assertThat(run("")).as(call).isZero();
      assertThat(text("organizations").lines()).as(call).hasSize(1);
      assertThat(text("organizations")).as(call).contains("crab");
      assertThat(text("organization-id")).isEqualTo("id-0");
      assertThat(text("organization.key")).isEqualTo("next");
    }
  }

  @Test
  void anOrganizationWhoseKeyFileIsMissingGetsAnotherKey() throws Exception {
    assertThat(run("")).isZero();
    Files.delete(folder.resolve("organization.key"));
    assertThat(run("")).isZero();
    assertThat(text("organizations").lines()).hasSize(1);
    assertThat(text("calls")).endsWith("CreateOrganizationKey {\"organization_id\":\"id-0\"}");
    assertThat(text("organization.key")).isEqualTo("next");
  }

  @Test
  void anAmbiguousNameIsRejected() throws Exception {
    var other =
        "{\"id\":\"other\",\"name\":\"my-organization\",\"subscription_tier\":\"whale\","
            + "\"standing\":\"active\"}\n";
    Files.writeString(folder.resolve("organizations"), other + other);
    assertThat(run("")).isZero();
    assertThat(text("organization-id")).isEqualTo("id-2");
    assertThat(text("organization.key")).isEqualTo("first");
  }
}
