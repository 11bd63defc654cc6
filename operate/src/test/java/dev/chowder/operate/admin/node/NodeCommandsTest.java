package dev.chowder.operate.admin.node;

import static dev.chowder.operate.SimulatedNode.ID;
import static dev.chowder.operate.SimulatedNode.UNKNOWN_ID;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.NodeFixture;
import dev.chowder.operate.Ran;
import dev.chowder.operate.SimulatedNode.Parts;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeCommandsTest extends NodeFixture {
  @BeforeEach
  void start() throws IOException {
    start(Parts.usual());
  }

  @Test
  void organizationsAreListed() {
    assertThat(output("organizations", "ls").lines())
        .containsExactly(
            "ID" + " ".repeat(36) + "NAME  TIER  INSTANCES  STANDING",
            ID + "  me    crab  3 of 10    active");
    assertThat(output("organizations", "ls", "-o", "json"))
        .startsWith("{\"organizations\":[{\"id\":\"" + ID + "\",\"name\":\"me\"");
  }

  @Test
  void aNewKeyIsTheOnlyOutput() {
    var created = run("organizations", "create", "new");
    assertThat(created.output()).isEqualTo("chd_org_of_new\n");
    assertThat(created.errors()).contains(ID, "shrimp").doesNotContain("chd_org");
    var next = run("organizations", "new-key", ID, "--yes");
    assertThat(next.output()).isEqualTo("chd_org_new\n");
    assertThat(next.errors()).doesNotContain("chd_org");
  }

  @Test
  void anOrganizationIsChanged() {
    assertThat(output("organizations", "set-tier", ID, "whale")).contains("whale  3 ");
    assertThat(output("organizations", "suspend", ID)).contains("suspended");
    assertThat(output("organizations", "resume", ID)).contains("active");
    assertThat(output("organizations", "delete", ID, "--name", "me")).contains("deleting");
    assertThat(run("organizations", "revoke-keys", ID, "--yes").errors())
        .isEqualTo("Revoked 4 keys.\n");
    assertThat(nodes.getFirst().calls())
        .containsExactly(
            "SetTier " + ID + " ",
            "SuspendOrganization " + ID + " ",
            "ResumeOrganization " + ID + " ",
            "DeleteOrganization " + ID + " ",
            "RevokeKeys " + ID + " ");
  }

  @Test
  void anUnknownOrganizationIsNotFound() {
    var ran = run("organizations", "suspend", UNKNOWN_ID);
    assertThat(ran.code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(ran.errors()).contains("organizations ls");
  }

  @Test
  void aWrongTierIsAnErrorOfTheCaller() {
    var ran = run("organizations", "set-tier", ID, "cod");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("tier: must be one of shrimp");
  }

  @Test
  void withoutATerminalALossNeedsTheOption() {
    for (var command :
        new String[][] {
          {"organizations", "revoke-keys", ID},
          {"organizations", "new-key", ID},
          {"sandboxes", "rm", "sb-" + ID},
          {"hosts", "rebind", "old"}
        }) {
      var ran = run(command);
      assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
      assertThat(ran.errors()).contains("--yes");
    }
    assertThat(nodes.getFirst().calls()).isEmpty();
  }

  @Test
  void failedInstancesAreListedWithTheirReasons() {
    assertThat(output("instances", "ls", "--status", "error", "--limit", "1").lines())
        .containsExactly(
            "INSTANCE  ORGANIZATION"
                + " ".repeat(26)
                + "NAME   STATUS  UPDATED"
                + " ".repeat(15)
                + "REASON         MESSAGE",
            "1499      "
                + ID
                + "  agent  error   2026-01-01T00:00:00Z  OUT_OF_MEMORY  gateway: it was killed");
    var all = output("instances", "ls", "--status", "error", "--limit", "1600").lines().toList();
    assertThat(all).hasSize(1501).doesNotHaveDuplicates();
    assertThat(output("instances", "ls", "--organization", ID).lines()).hasSize(1);
  }

  @Test
  void anUnknownStatusOfInstancesIsRejected() {
    assertThat(run("instances", "ls", "--status", "eror").errors())
        .contains("status: must be one of provisioning, running, stopped, error");
  }

  @Test
  void instancesAreStoppedOneAfterAnother() {
    assertThat(run("instances", "stop", ID).errors()).isEqualTo(ID + " is stopped\n");
    var ran = run("instances", "stop", UNKNOWN_ID, ID);
    assertThat(ran.code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(ran.errors())
        .contains(ID + " is stopped")
        .contains(UNKNOWN_ID + ": Instance not found");
  }

  @Test
  void aBulkRecoverFailsIfItIsIncomplete() {
    assertThat(run("instances", "recover").errors()).isEqualTo("3 instances are starting.\n");
    var ran = run("instances", "recover", "--error-reason", "ELSEWHERE", "--organization", ID);
    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
    assertThat(ran.output()).contains(ID + "  ELSEWHERE  " + ID);
    assertThat(ran.errors()).contains("1 were rejected, and 2 were not tried");
  }

  @Test
  void pendingEffectsAreListed() {
    assertThat(output("effects", "ls"))
        .contains(ID + "  terminated  remove_sandbox  2026-01-01T00:00:00Z");
  }

  @Test
  void aHaltAndTheQuarantineAreShown() {
    assertThat(output("reconciler", "get").lines())
        .containsExactly(
            "halted:      yes",
            "since:       2026-01-01T00:00:00Z",
            "changes:     2, more than 1",
            "quarantined: 1",
            "",
            "Changes that are halted:",
            "  sb-" + ID,
            "  values of " + ID,
            "",
            "SANDBOX" + " ".repeat(34) + "WHY         SINCE                 RUNS  GENERATION",
            "sb-" + ID + "  no_journal  2026-01-01T00:00:00Z  yes   2");
    assertThat(run("sandboxes", "rm", "--yes", "sb-" + ID).errors()).contains("is removed");
  }

  @Test
  void portsOfTheHostAreDecided() {
    assertThat(output("host-ports", "ls"))
        .isEqualTo("PORT   STATE   OPEN  ORGANIZATIONS\n11434  listed  yes   1\n");
    assertThat(output("host-ports", "open", "8000")).contains("listed");
    assertThat(output("host-ports", "close", "8000")).contains("listed");
    assertThat(nodes.getFirst().calls())
        .containsExactly("OpenHostPort/8000  ", "CloseHostPort/8000  ");
    assertThat(run("host-ports", "open", "0").errors()).contains("port: must be 1 to 65535; got 0");
  }

  @Test
  void hostsAreListedAndRebound() {
    assertThat(output("hosts", "ls").lines())
        .contains(
            "   docker  old   2          new         2026-01-01T00:00:00Z",
            "*  docker  new   5          -           -");
    assertThat(output("hosts", "rebind", "--yes", "old")).contains("old");
    assertThat(output("hosts", "unbind", "old")).contains("old");
    assertThat(nodes.getFirst().calls()).containsExactly("RebindHost  ", "UnbindHost  ");
  }

  @Test
  void theAuditTableIsReadToTheLimit() {
    assertThat(output("audit", "ls").lines()).hasSize(4);
    assertThat(output("audit", "ls", "--limit", "2").lines())
        .hasSize(3)
        .contains("2026-01-01T00:00:00Z  GetSession  1      " + ID + "  -         key  10.0.0.1");
    assertThat(output("audit", "ls", "--limit", "2", "-o", "json"))
        .contains("\"next_page_token\":\"2\"");
    assertThat(run("audit", "ls", "--limit", "0").code()).isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void aRebuildOfTheRowsShowsItsResult() {
    assertThat(output("rows", "rebuild").lines())
        .containsExactly(
            "organizations: 1", "instances:     2", "removed:       3", "unanswered:    0");
    assertThat(output("rows", "rebuild", "-o", "json"))
        .isEqualTo("{\"organizations\":1,\"instances\":2,\"removed\":3,\"unanswered\":0}\n");
  }

  @Test
  void aRebuildWithoutSomeRowsFails() throws IOException {
    nodes.getFirst().close();
    nodes.clear();
    start(Parts.usual().withUnanswered(4));
    var ran = run("rows", "rebuild");
    assertThat(ran.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(ran.errors()).contains("4 entities did not reply", "run this again");
  }

  @Test
  void anyRpcIsCalledWithJson() {
    var request = "{\"organization_id\":\"" + ID + "\",\"tier\":\"lobster\"}";
    assertThat(output("call", "SetTier", request)).contains("\"subscription_tier\":\"lobster\"");
    assertThat(runWith(request, "call", "SetTier", "-").output()).contains("lobster");
    assertThat(output("call", "ListOrganizations")).startsWith("{\"organizations\":[");
    assertThat(run("call", "Invent").errors()).contains("RPC: must be one of", "ListOrganizations");
    var malformed = Ran.of(Map.of(), settings(), "", "call", "SetTier", "{\"tier\":");
    assertThat(malformed.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(malformed.errors()).contains("request: must be JSON of SetTierRequest");
  }
}
