package dev.chowder.cli.instance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.Ran;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.StubServer.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests commands with responses that a real server gives only by chance. {@code CliIT} of {@code
 * server} runs the commands against a real one.
 */
@Timeout(60)
class InstanceCommandsTest extends CommandFixture {
  private static final String OTHER = "01a2140b-b860-74ac-a695-000000000000";

  @Test
  void aCreateWaitsAndShowsItsStages() {
    server
        .answers(201, instance("provisioning", "running", 1, "\"stage\": \"onboard\""))
        .streams(
            instance("provisioning", "running", 2, "\"stage\": \"start_gateway\""),
            instance("running", "running", 3, "\"served_by\": \"cold\""));
    var ran = run("create", "my-agent", "--provider", "custom", "-l", "team=docs");
    assertThat(ran.code()).as(ran.toString()).isZero();
    assertThat(ran.output()).isEqualTo(ID + "\n");
    assertThat(ran.errors())
        .startsWith(
            "my-agent: provisioning (onboard)\nmy-agent: provisioning (start_gateway)\nmy-agent is running (cold, ");
    var created = server.requests().getFirst();
    assertThat(created.headers()).containsKey("Idempotency-Key");
    assertThat(created.body())
        .isEqualTo(
            "{\"name\":\"my-agent\",\"model_provider\":\"custom\",\"labels\":{\"team\":\"docs\"}}");
    assertThat(server.requests().getLast().target())
        .isEqualTo("/v1/instances/" + ID + "/watch?after_revision=1");
  }

  @Test
  void aModelThatCannotBeReachedIsShown() {
    var note = "\"stages\": [{\"name\": \"onboard\", \"note\": \"no route to custom\"}]";
    server.answers(201, instance("running", "running", 1, note));
    assertThat(run("create", "my-agent").errors()).contains("no route to custom");
    server.answers(200, instance("stopped", "stopped", 1, note));
    assertThat(run("stop", ID).errors()).doesNotContain("no route to custom");
  }

  @Test
  void aCreateWithoutAWaitReturnsAtOnce() {
    server.answers(201, instance("provisioning", "running", 1));
    assertThat(run("create", "my-agent", "--no-wait")).isEqualTo(new Ran(0, ID + "\n", ""));
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aCallerCanChooseTheIdempotencyKey() {
    server.answers(201, instance("running", "running", 1));
    assertThat(run("create", "my-agent", "--idempotency-key", "mine").code()).isZero();
    assertThat(server.requests().getFirst().headers()).containsEntry("Idempotency-Key", "mine");
  }

  @Test
  void aBrokenWatchIsContinued() {
    server
        .answers(201, instance("provisioning", "running", 1))
        .streams(instance("provisioning", "running", 2))
        .answers(200, instance("provisioning", "running", 5))
        .streams(instance("running", "running", 6));
    var ran = run("create", "my-agent");
    assertThat(ran.code()).as(ran.toString()).isZero();
    assertThat(server.requests().getLast().target()).endsWith("after_revision=5");
  }

  @Test
  void anInstanceThatOthersWatchIsPolled() {
    server.answers(201, instance("provisioning", "running", 1));
    for (int i = 0; i < 5; i++) server.fails(429, "RATE_LIMITED", "Retry-After", "0");
    server.answers(200, instance("running", "running", 2));
    assertThat(run("create", "my-agent").code()).isZero();
  }

  @Test
  void anInstanceThatFailsIsAFailure() {
    server.answers(
        201,
        instance("error", "error", 1, "\"error_reason\": \"X\", \"error_message\": \"no model\""));
    var ran = run("create", "my-agent");
    assertThat(ran.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(ran.errors()).contains("no model (X)", "chowder recover").hasLineCount(1);
  }

  @Test
  void aWaitHasALimit() {
    server.answers(201, instance("provisioning", "running", 1)).neverAnswers();
    var ran = run("create", "my-agent", "--timeout", "1s");
    assertThat(ran.code()).isEqualTo(ExitCode.TIMED_OUT.number());
  }

  @Test
  void aStartThatAnotherCallerUndoesIsAConflict() {
    server
        .answers(200, instance("stopped", "running", 1))
        .streams(instance("stopped", "stopped", 3));
    var ran = run("start", ID);
    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT.number());
    assertThat(ran.errors()).contains("another caller");
  }

  @Test
  void aStopDoesNotWaitInTheServer() {
    server.answers(200, instance("stopped", "stopped", 2));
    var ran = run("stop", ID);
    assertThat(ran.code()).isZero();
    assertThat(ran.output()).isEmpty();
    var request = server.requests().getFirst();
    assertThat(request.target()).isEqualTo("/v1/instances/" + ID + "/stop?wait=0");
    assertThat(request.headers()).containsKey("Idempotency-Key");
  }

  @Test
  void aWaitChangesNothingAndGoesOnUntilAnotherCallerStopsTheInstance() {
    server
        .answers(200, instance("running", "running", 1))
        .streams(instance("running", "stopped", 2), instance("stopped", "stopped", 3));
    var ran = run("wait", ID, "--for", "stopped");
    assertThat(ran.code()).as(ran.toString()).isZero();
    assertThat(server.requests()).extracting(Request::method).containsExactly("GET", "GET");
  }

  @Test
  void aWaitEndsWhenTheInstanceFailed() {
    server.answers(200, instance("error", "error", 1, "\"error_message\": \"no model\""));
    assertThat(run("wait", ID).code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(run("wait", ID, "--for", "error").code()).isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void jsonIsThatOfTheApi() {
    var json = instance("running", "running", 1, "\"new_field\": [1.50, \"\u009b\"]");
    server.answers(200, json);
    var ran = run("get", ID, "-o", "json");
    assertThat(ran.output()).isEqualTo(json.replace("\u009b", "\\u009b") + "\n");
    assertThat(JsonParser.parseString(ran.output())).isEqualTo(JsonParser.parseString(json));
  }

  @Test
  void aNameMustBeThatOfOneInstance() {
    server.answers(200, list(instance(ID, "my-agent"), instance(OTHER, "my-agent")));
    var ran = run("get", "my-agent");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains(ID, OTHER).hasLineCount(1);
  }

  @Test
  void theBeginningOfANameIsNotEnough() {
    server.answers(200, list(instance(ID, "my-agent")));
    assertThat(run("get", "my").code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(server.requests().getFirst().target()).contains("name_prefix=my");
  }

  @Test
  void anIdOfTheServerMustBeOne() {
    server.answers(200, list(instance("../organization", "my-agent")));
    assertThat(run("rm", "--yes", "my-agent").code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aFailureDoesNotStopTheOthers() {
    server.fails(404, "INSTANCE_NOT_FOUND").answers(200, instance("stopped", "stopped", 2));
    var ran = run("stop", OTHER, ID);
    assertThat(ran.code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(ran.errors()).contains("my-agent is stopped", "1 of 2 instances failed");
  }

  @Test
  void allChangesAreRequestedBeforeTheFirstWait() {
    server
        .answers(200, instance("running", "stopped", 2))
        .answers(200, instance("running", "stopped", 2))
        .streams(instance("stopped", "stopped", 3))
        .streams(instance("stopped", "stopped", 3));
    var ran = run("stop", OTHER, ID);
    assertThat(ran.code()).as(ran.toString()).isZero();
    assertThat(server.requests())
        .extracting(Request::method)
        .containsExactly("POST", "POST", "GET", "GET");
  }

  @Test
  void theLimitIsForAllInstancesTogether() {
    server
        .answers(200, instance("running", "stopped", 2))
        .answers(200, instance("running", "stopped", 2))
        .streams(instance("running", "stopped", 2))
        .streams(instance("running", "stopped", 2));
    var ran = run("stop", OTHER, ID, "--timeout", "0s");
    assertThat(ran.code()).isEqualTo(ExitCode.TIMED_OUT.number());
    assertThat(ran.errors()).contains("2 of 2 instances failed");
    assertThat(server.requests()).extracting(Request::method).containsExactly("POST", "POST");
  }

  @Test
  void aDeleteAsksOnATerminal() {
    server.answers(204, "");
    assertThat(runWith("n\n", "02", "rm", ID).code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(server.requests()).isEmpty();
    assertThat(runWith("y\n", "02", "rm", ID).code()).isZero();
    assertThat(server.requests()).hasSize(1);
  }

  @Test
  void aRepeatedDeleteThatFindsNothingHasDeleted() {
    server.breaksConnection().fails(404, "INSTANCE_NOT_FOUND");
    assertThat(run("rm", "--yes", ID).code()).isZero();
    server.fails(404, "INSTANCE_NOT_FOUND");
    assertThat(run("rm", "--yes", ID).code()).isEqualTo(ExitCode.NOT_FOUND.number());
  }

  @Test
  void aLineOfTheLogIsOneLine() {
    server.streams("{\"text\": \"\\u001b[32mINFO\\u001b[0m a\\rb\\u202e\"}", "{\"text\": \"2\"}");
    assertThat(run("logs", ID, "-n", "2")).isEqualTo(new Ran(0, "INFO ab\n2\n", ""));
    assertThat(server.requests().getFirst().target()).endsWith("/logs?lines=2&follow=false");
  }

  @Test
  void otherProgramsNamesOfCommandsAndOptionsWork() {
    server.answers(200, list(instance(ID, "a")));
    assertThat(run("ps", "-q").output()).isEqualTo(ID + "\n");
    server.answers(200, instance("running", "running", 1));
    assertThat(run("status", ID).output()).contains("my-agent");
    server.answers(204, "");
    assertThat(run("delete", "--yes", ID).code()).isZero();
    server.streams("{\"text\": \"2\"}");
    assertThat(run("logs", ID, "--tail", "1").code()).isZero();
    assertThat(server.requests().getLast().target()).endsWith("/logs?lines=1&follow=false");
  }

  @Test
  void theVersionOfTheServerIsThatOfItsDocument() {
    server.answers(200, "{\"openapi\": \"3.1.0\", \"info\": {\"version\": \"v\\u001b1\"}}");
    assertThat(run("version").output()).startsWith("client: ").endsWith("\nserver: v\\x1b1\n");
    assertThat(server.requests().getFirst().headers()).doesNotContainKey("Authorization");
    server.answers(200, "[]");
    assertThat(run("version").code()).isEqualTo(ExitCode.FAILED.number());
  }

  @Test
  void aLogThatEndsWhileItIsFollowedIsAFailure() {
    server.streams("{\"text\": \"1\"}");
    assertThat(run("logs", "-f", ID).code()).isEqualTo(ExitCode.UNAVAILABLE.number());
  }

  @Test
  void changesArePrintedOnceUntilTheDeletion() {
    server.streams(
        instance("running", "running", 1),
        instance("running", "running", 1),
        instance("terminated", "terminated", 2));
    var ran = run("watch", ID);
    assertThat(ran.code()).isZero();
    assertThat(ran.output().lines())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).contains(ID, "running", "my-agent"));
  }

  @Test
  void idsAreForOtherCommands() {
    server.answers(200, list(instance(ID, "a"), instance(OTHER, "b")));
    assertThat(run("ls", "-q").output()).isEqualTo(ID + "\n" + OTHER + "\n");
  }

  @Test
  void aListHasTheColumnsAndTheFormatOfTheUser() {
    var one = instance("running", "running", 1, "\"labels\": {\"team\": \"docs\"}");
    for (int i = 0; i < 4; i++) server.answers(200, list(one));
    assertThat(run("ls", "--columns", "name,labels").output())
        .isEqualTo("NAME      LABELS\nmy-agent  team=docs\n");
    assertThat(run("ls", "-o", "wide").output()).startsWith("NAME ").contains("GATEWAY URL");
    assertThat(run("ls", "-o", "name").output()).isEqualTo("my-agent\n");
    assertThat(run("ls", "-o", "yaml").output())
        .startsWith("instances:\n  - id: \"" + ID + "\"\n    name: \"my-agent\"\n");
    assertThat(run("ls", "--columns", "nam").errors()).contains("gateway_url", "did you mean name");
    assertThat(run("ls", "--columns", "name", "-o", "json").code())
        .isEqualTo(ExitCode.USAGE.number());
    assertThat(run("ls", "-o", "yaml", "-w").code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(server.requests()).hasSize(4);
  }

  @Test
  void aLabelSelectsInstances() {
    server
        .answers(200, list(instance(ID, "a"), instance(OTHER, "b")))
        .answers(204, "")
        .answers(204, "");
    assertThat(runWith("y\n", "02", "rm", "-l", "team=docs").errors())
        .contains("Delete a, b and all data of them?");
    assertThat(server.requests())
        .extracting(Request::method)
        .containsExactly("GET", "DELETE", "DELETE");
    assertThat(server.requests().getFirst().target()).contains("label=team%3Ddocs");

    server.answers(200, list(instance(ID, "a"))).answers(200, instance("running", "running", 2));
    assertThat(run("start", "--label", "team=docs").code()).isZero();
    server.answers(200, list());
    assertThat(run("stop", "-l", "team=none").code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(run("rm", "--yes", "a", "-l", "team=docs").code())
        .isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void aWatchedListHasOneInstanceInEachJsonLine() {
    server
        .answers(200, list(instance(ID, "a"), instance(OTHER, "b")).replace(",", ",\n"))
        .streams("{\"instance\": %s, \"cursor\": \"c\"}".formatted(instance(ID, "c")))
        .fails(401, "KEY_INVALID");
    var ran = run("ls", "--watch", "-o", "json");
    assertThat(ran.code()).isEqualTo(ExitCode.DENIED.number());
    assertThat(ran.output().lines())
        .hasSize(2)
        .allSatisfy(
            line -> assertThat(JsonParser.parseString(line).getAsJsonObject().has("id")).isTrue());
  }

  @Test
  void idsAreNotMixedWithOtherFormats() {
    assertThat(run("ls", "-q", "--watch").code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(run("ls", "-q", "-o", "json").code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(server.requests()).isEmpty();
  }

  /** A JVM that exits waits 0.3 s for a thread that waits for the network. */
  @Test
  void noThreadWaitsForTheNetworkAfterACommand() {
    var before = Thread.getAllStackTraces().keySet();
    server.answers(200, list(instance(ID, "a")));
    assertThat(run("ls").code()).isZero();
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> !before.contains(thread))
        .extracting(Thread::getName)
        .noneMatch(name -> name.contains("SelectorManager"));
  }

  @Test
  void anEmptyListIsExplained() {
    server.answers(200, "{\"instances\": [], \"next_page_token\": \"\"}");
    var ran = run("ls");
    assertThat(ran.output()).isEmpty();
    assertThat(ran.errors()).contains("chowder create");
  }

  private static String list(String... instances) {
    return "{\"instances\": [%s], \"next_page_token\": \"\"}"
        .formatted(String.join(",", instances));
  }

  private static String instance(String id, String name) {
    return "{\"id\": \"%s\", \"name\": \"%s\", \"status\": \"running\"}".formatted(id, name);
  }

  private static String instance(String status, String desired, int revision, String... more) {
    return "{\"id\": \"%s\", \"name\": \"my-agent\", \"status\": \"%s\", \"desired_status\": \"%s\", \"revision\": %d%s}"
        .formatted(
            ID, status, desired, revision, more.length == 0 ? "" : ", " + String.join(", ", more));
  }
}
