package dev.chowder.server.edge;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.cli.CommandLineRun;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Runs the command line for users against a whole node behind Envoy. */
@Timeout(180)
class CliIT {
  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  private static final int FAILED = 1;
  private static final int USAGE = 2;
  private static final int NOT_FOUND = 3;
  private static final int DENIED = 4;
  private static final int CONFLICT = 5;
  private static final int TIMED_OUT = 7;
  private static final int OUTPUT_CLOSED = 141;

  @TempDir static Path home;

  private record Ran(int code, String output, String errors) {}

  @Test
  void anAgentFromItsCreationToItsDeletion() throws IOException {
    var created = run("key", "create", "cli-agent", "-l", "team=cli");
    assertThat(created.code()).as(created.toString()).isZero();
    assertThat(created.errors()).contains("cli-agent: provisioning (", "cli-agent is running (");
    var id = created.output().strip();

    assertThat(ok("ls")).contains("NAME", "cli-agent", "custom/m", id);
    assertThat(ok("ls", "-q", "--label", "team=cli")).isEqualTo(id + "\n");
    assertThat(ok("ls", "--name-prefix", "no-such")).isEmpty();
    assertThat(ok("get", "cli-agent")).contains("status:", "running", "team=cli", "STAGE");
    assertJson("/v1/instances/" + id, ok("get", "cli-agent", "-o", "json"));

    assertThat(ok("chat", "cli-agent", "Good", "morning")).isEqualTo("You said: Good morning\n");
    assertThat(ok("chat", "cli-agent", "--session", "s-1", "-o", "json", "Hello"))
        .contains("\"status\":\"completed\"", "You said: Hello");
    assertThat(run("key", "logs", "cli-agent", "-n", "5").code()).isZero();

    assertThat(run("key", "stop", "cli-agent").errors()).contains("cli-agent is stopped");
    assertThat(ok("ls", "--status", "stopped")).contains("cli-agent  stopped (frozen)");
    assertThat(run("key", "chat", id, "Hello").code()).isEqualTo(CONFLICT);
    assertThat(run("key", "start", "cli-agent").errors()).contains("is running (thaw, ");
    assertThat(run("key", "restart", id).errors()).contains("is running (boot, ");
    assertThat(run("key", "recover", id).code()).as("it runs already").isZero();

    assertThat(run("key", "rm", "cli-agent").code()).as("without --yes").isEqualTo(USAGE);
    assertThat(run("key", "rm", "--yes", "cli-agent").code()).isZero();
    assertThat(run("key", "get", "cli-agent").code()).isEqualTo(NOT_FOUND);
    assertThat(run("key", "rm", "--yes", id).code()).isEqualTo(NOT_FOUND);
  }

  @Test
  void theSameIdempotencyKeyCreatesNoSecondInstance() {
    String[] create = {
      "create", "once", "--provider", "custom", "--no-wait", "--idempotency-key", "cli-once"
    };
    var first = ok(create);
    assertThat(ok(create)).isEqualTo(first);
    assertThat(ok("ls", "-q", "--name-prefix", "once")).isEqualTo(first);
  }

  @Test
  void anAmbiguousNameListsTheIds() {
    var one = ok("create", "twin", "--provider", "custom", "--no-wait").strip();
    var other = ok("create", "twin", "--provider", "custom", "--no-wait").strip();
    var ran = run("key", "get", "twin");
    assertThat(ran.code()).isEqualTo(USAGE);
    assertThat(ran.errors()).contains(one, other);
  }

  @Test
  void wrongKeysAndMissingPermissionsAreDenied() {
    var running = SERVER.world().get("running");
    assertThat(run("revoked_key", "ls").code()).isEqualTo(DENIED);
    assertThat(run("reader_key", "get", running).code()).isZero();
    assertThat(run("reader_key", "stop", running).code()).isEqualTo(DENIED);
    assertThat(run("reader_key", "get", "a-name").code()).as("only ids").isEqualTo(DENIED);
    assertThat(run("other_key", "get", running).code()).isEqualTo(NOT_FOUND);
  }

  @Test
  void errorsOfTheServerAreOneSentence() {
    var blank = run("key", "create", " ");
    assertThat(blank.code()).isEqualTo(USAGE);
    assertThat(blank.errors()).startsWith("chowder: name: must ").hasLineCount(1);
    assertThat(run("full_key", "create", "one-more", "--provider", "custom").code())
        .isEqualTo(CONFLICT);
    assertThat(run("bare_key", "create", "agent").errors()).contains("--provider");
    assertThat(run("failing_key", "start", SERVER.world().get("failed")).code())
        .isEqualTo(CONFLICT);
  }

  @Test
  void aWrongValueNamesTheValidOnes() {
    var running = SERVER.world().get("running");
    wrong("stopped", "ls", "--status", "stoped");
    wrong("anthropic", "create", "a", "--provider", "antropic");
    wrong("anthropic", "org", "set-provider", "antropic", "--no-key");
    wrong("anthropic", "org", "set-model", "antropic", "m");
    wrong("openai-responses", "org", "set-provider", "custom", "--no-key", "--api", "openai");
    wrong("interact", "keys", "create", "k", "--instance", running, "--permission", "reed");
    wrong("telegram", "channels", "get", running, "telegran");
    wrong("crab", "subscription", "checkout", "crap");
    wrong("stopped", "wait", running, "--for", "stoped");
  }

  @Test
  void theVersionOfTheServerNeedsNoKey() {
    assertThat(ok("version").lines()).hasSize(2).anyMatch(line -> line.matches("server: v.+"));
  }

  private static void wrong(String valid, String... arguments) {
    var ran = run("key", arguments);
    assertThat(ran.code()).as(String.join(" ", arguments)).isNotZero();
    assertThat(ran.errors()).contains(valid);
  }

  @Test
  void aWaitEndsWithTheFailureOrAtItsLimit() throws IOException {
    var failed = run("failing_key", "recover", SERVER.world().get("failed"), "--timeout", "60s");
    assertThat(failed.code()).as(failed.toString()).isEqualTo(FAILED);
    SERVER.setTier("slow_key", "whale");
    var waited = run("slow_key", "create", "slow", "--provider", "custom", "--timeout", "2s");
    assertThat(waited.code()).as(waited.toString()).isEqualTo(TIMED_OUT);
    assertThat(waited.output()).as("the id is known before the wait").hasLineCount(1);
  }

  @Test
  void filesAreWrittenAndRead() throws IOException {
    var running = SERVER.world().get("running");
    var file = Files.writeString(home.resolve("note.txt"), "a note\n");
    ok("files", "mkdir", running, "cli");
    ok("files", "put", running, file.toString(), "cli/note.txt");
    assertThat(ok("files", "ls", running, "cli")).contains("PERMISSIONS", "note.txt");
    assertThat(ok("files", "get", running, "cli/note.txt", "-")).isEqualTo("a note\n");
    ok("files", "mv", running, "cli/note.txt", "cli/moved.txt");
    var copy = home.resolve("copy.txt");
    ok("files", "get", running, "cli/moved.txt", copy.toString());
    assertThat(copy).hasContent("a note");
    var tar = home.resolve("all.tar").toString();
    ok("files", "export", running, tar);
    assertThat(run("key", "files", "import", running, tar).errors()).startsWith("Imported ");
    assertThat(run("key", "files", "rm", running, "cli").code()).isEqualTo(CONFLICT);
    ok("files", "rm", running, "cli", "-r", "--yes");
    assertThat(run("key", "files", "get", running, "cli/moved.txt", "-").code())
        .isEqualTo(NOT_FOUND);
  }

  @Test
  void aKeyGivesAccessUntilItIsRevoked() throws IOException {
    var running = SERVER.world().get("running");
    var made = ok("keys", "create", "of the cli", "-i", running, "-p", "read", "-o", "json");
    var key = new ObjectMapper().readTree(made);
    SERVER.world().put("cli_key", key.get("raw_key").asText());
    assertThat(run("cli_key", "get", running).code()).isZero();
    assertThat(run("cli_key", "events", running, "--limit", "3").output()).contains("TYPE");
    var id = key.get("id").asText();
    assertThat(ok("keys", "ls")).contains("of the cli", "active", id);
    assertThat(ok("keys", "get", id)).contains(running);
    ok("keys", "rm", id);
    assertThat(ok("keys", "get", id)).contains("ended");
    assertThat(ok("events", "--limit", "20")).contains("key_made", "key_revoked", id);
  }

  @Test
  void theOrganizationIsShownAndChanged() {
    assertThat(ok("org", "get")).contains("whale", "custom", "BASE URL");
    assertThat(ok("org", "rename", "team of the cli")).contains("team of the cli");
    assertThat(ok("org", "set-model", "custom", "m")).contains(" m ");
    assertThat(run("key", "org", "set-provider", "custom", "--base-url", "no-url").code())
        .as("without a key")
        .isEqualTo(USAGE);
  }

  @Test
  void anAgentIsChangedAndItsConversationsAreShown() {
    var id = ok("create", "changed", "--provider", "custom", "-l", "a=b").strip();
    ok("update", id, "--name", "cli-changed", "--label", "c=d", "--remove-label", "a");
    assertThat(ok("get", "cli-changed")).contains("c=d").doesNotContain("a=b");
    assertThat(ok("complete", "--timeout", "60s", "instances", "--", "stop", "cli-ch"))
        .isEqualTo("cli-changed\n");

    ok("config", "set", id, "messages.ackReaction", "eyes");
    assertThat(ok("config", "get", id, "messages.ackReaction")).isEqualTo("eyes\n");
    var owned = run("key", "config", "set", id, "gateway.port", "1");
    assertThat(owned.code()).isEqualTo(USAGE);
    assertThat(owned.errors()).startsWith("chowder: openclaw_config.gateway.port: must ");
    ok("config", "rm", id, "messages.ackReaction");
    assertThat(run("key", "config", "get", id, "messages.ackReaction").code()).isEqualTo(NOT_FOUND);

    ok("chat", id, "--session", "ben", "Hello");
    assertThat(ok("sessions", "ls", id)).contains("SESSION", "ben");
    assertThat(ok("sessions", "get", id, "ben")).contains("user:\nHello\n", "You said: Hello\n");
    ok("sessions", "rm", id, "ben", "--yes");
    assertThat(run("key", "sessions", "get", id, "ben").code()).isEqualTo(NOT_FOUND);

    var before = ok("gateway", "get", id);
    assertThat(before).contains("control ui: http://" + id + ".", "/#token=");
    assertThat(ok("gateway", "rotate", id)).contains("token:").isNotEqualTo(before);
    assertThat(run("key", "rm", "--yes", id).code()).isZero();
  }

  @Test
  void aSignUpStoresItsKey() throws IOException {
    var variables = new HashMap<>(variables("key"));
    variables.put("HOME", Files.createDirectory(home.resolve("signed-up")).toString());
    var signedUp = run(variables, "sign-up", "cli team", "--save-as", "mine");
    assertThat(signedUp.code()).as(signedUp.toString()).isZero();
    assertThat(signedUp.errors()).contains("context mine");
    variables.remove("CHOWDER_URL");
    variables.remove("CHOWDER_KEY");
    assertThat(run(variables, "--context", "mine", "org", "get").output())
        .contains("cli team", signedUp.output().strip());
    assertThat(run(variables, "--context", "mine", "subscription", "get").output())
        .isEqualTo("tier:      shrimp\ninstances: 0 of 1\n");
    assertThat(run(variables, "--context", "mine", "subscription", "portal").code())
        .as("the server has no access to Stripe")
        .isEqualTo(CONFLICT);
  }

  @Test
  void skillsAndChannelsAreListed() {
    var running = SERVER.world().get("running");
    assertThat(ok("skills", "ls", running)).contains("NAME", "READY");
    assertThat(run("key", "skills", "get", running, "no-such-skill").code()).isEqualTo(NOT_FOUND);
    assertThat(ok("channels", "ls", running)).contains("telegram", "token");
    assertThat(ok("channels", "get", running, "slack")).contains("app_token", "bot_token");
    assertThat(run("key", "channels", "get", running, "fax").code()).isEqualTo(NOT_FOUND);
    assertThat(run("key", "channels", "connect", running, "telegram").code())
        .as("standard input is empty")
        .isEqualTo(USAGE);
  }

  @Test
  void aWatchEndsWithTheReaderOfItsOutput() {
    var errors = new ByteArrayOutputStream();
    assertThat(run("key", closed(), errors, "watch")).isEqualTo(OUTPUT_CLOSED);
    assertThat(run("key", closed(), errors, "watch", SERVER.world().get("running")))
        .isEqualTo(OUTPUT_CLOSED);
    assertThat(errors.toString(UTF_8)).isEmpty();
  }

  @Test
  void anotherServerIsNotReached() {
    var variables = new HashMap<>(variables("key"));
    variables.put("CHOWDER_URL", "http://127.0.0.1:" + SERVER.grpc().getPort());
    assertThat(run(variables, OutputStream.nullOutputStream(), new ByteArrayOutputStream(), "ls"))
        .isNotZero();
  }

  private static void assertJson(String path, String json) throws IOException {
    var expected = SERVER.call("key", RawHttp.Request.of("GET", path)).json();
    assertThat(new ObjectMapper().readTree(json)).isEqualTo(expected);
  }

  /** Returns the output of a command that succeeds. */
  private static String ok(String... arguments) {
    var ran = run("key", arguments);
    assertThat(ran.code()).as(ran.toString()).isZero();
    return ran.output();
  }

  private static Ran run(String key, String... arguments) {
    var output = new ByteArrayOutputStream();
    var errors = new ByteArrayOutputStream();
    int code = run(key, output, errors, arguments);
    var ran = new Ran(code, output.toString(UTF_8), errors.toString(UTF_8));
    assertThat(ran.output() + ran.errors()).doesNotContain(SERVER.world().get(key));
    return ran;
  }

  private static Ran run(Map<String, String> variables, String... arguments) {
    var output = new ByteArrayOutputStream();
    var errors = new ByteArrayOutputStream();
    int code = run(variables, output, errors, arguments);
    return new Ran(code, output.toString(UTF_8), errors.toString(UTF_8));
  }

  private static int run(
      String key, OutputStream output, OutputStream errors, String... arguments) {
    return run(variables(key), output, errors, arguments);
  }

  private static int run(
      Map<String, String> variables,
      OutputStream output,
      OutputStream errors,
      String... arguments) {
    var input = new ByteArrayInputStream(new byte[0]);
    return CommandLineRun.of(
        new Environment(variables, input, output, errors, Terminals.of("")), arguments);
  }

  private static Map<String, String> variables(String key) {
    return Map.of(
        "CHOWDER_URL", "http://localhost:" + SERVER.rest().getPort(),
        "CHOWDER_KEY", SERVER.world().get(key),
        "HOME", home.toString());
  }

  private static OutputStream closed() {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        throw new IOException("Broken pipe");
      }
    };
  }
}
