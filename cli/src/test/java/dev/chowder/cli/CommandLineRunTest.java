package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.Terminals;
import dev.chowder.cli.failure.ExitCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests what needs no server: arguments, help, contexts and completion. */
class CommandLineRunTest {
  @TempDir Path folder;
  private final Map<String, String> variables = new HashMap<>();

  @BeforeEach
  void setHome() {
    variables.put("HOME", folder.toString());
  }

  @Test
  void theHelpListsCommandsAndExitCodes() {
    var ran = run("--help");
    assertThat(ran.code()).isZero();
    assertThat(ran.output()).contains("create", "completion", "CHOWDER_CONTEXT");
    for (var code : ExitCode.values()) assertThat(ran.output()).contains(code.meaning());
    assertThat(ran.errors()).isEmpty();
  }

  @Test
  void eachCommandHasHelp() {
    new Commands()
        .all(invocation())
        .getSubcommands()
        .forEach(
            (command, line) -> {
              var ran = run(command, "--help");
              assertThat(ran.code()).as(command).isZero();
              assertThat(ran.output())
                  .as(command)
                  .startsWith("Usage: chowder " + line.getCommandName());
            });
  }

  @Test
  void helpIsACommandToo() {
    assertThat(run("help")).isEqualTo(run("--help"));
    assertThat(run("help", "files", "ls")).isEqualTo(run("files", "ls", "--help"));
    assertThat(run("help", "files", "lss").errors()).contains("did you mean ls;");
  }

  @Test
  void theVersionIsOneLine() {
    assertThat(run("--version").output()).startsWith("chowder ").endsWith("\n").hasLineCount(1);
  }

  static List<List<String>> wrong() {
    return List.of(
        List.of("lss"),
        List.of("create"),
        List.of("create", "M\ufffdller"),
        List.of("create", "a", "--label", "no-pair"),
        List.of("create", "a", "--timeout", "5 minutes"),
        List.of("create", "a", "--config", "/no/such/file"),
        List.of("create", "a", "--idempotency-key", "a\nb"),
        List.of("ls", "-o", "xml"),
        List.of("ls", "--limit", "0"),
        List.of("ls", "--limit", "many"),
        List.of("ls", "--watch", "--status", "running"),
        List.of("logs", "a", "-n", "5001"),
        List.of("stop"),
        List.of("rm", "a"),
        List.of("chat", "a", " "),
        List.of("context", "add", "local", "http://a"),
        List.of("context", "add", "a b", "http://a"),
        List.of("context", "add", "a", "a"),
        List.of("completion", "powershell"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void wrongArgumentsAreOneSentence(List<String> arguments) {
    // So that no argument is accepted, and the next step fails.
    variables.put("CHOWDER_URL", "http://127.0.0.1:1");
    variables.put("CHOWDER_KEY", "k");
    var ran = run(arguments.toArray(String[]::new));
    assertThat(ran.code()).as(ran.toString()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).startsWith("chowder: ").endsWith(".\n").hasLineCount(1);
    assertThat(ran.output()).isEmpty();
  }

  @Test
  void aSimilarWordIsSuggested() {
    assertThat(run("stpo").errors()).contains("did you mean stop;");
    assertThat(run("create", "a", "--lable=b=c").errors()).contains("did you mean --label;");
    assertThat(run("ls", "-o", "jsn").errors()).contains("name, json, yaml", "did you mean json;");
  }

  @ParameterizedTest
  @ValueSource(strings = {"frobnicate", "xy", "complet"})
  void aDifferentWordIsNotSuggested(String word) {
    assertThat(run(word).errors()).doesNotContain("did you mean");
  }

  @Test
  void aWrongArgumentOfACommandForProgramsIsJson() {
    for (var option : List.of("-ojson", "-o=json", "--output=json")) {
      var error = JsonParser.parseString(run("ls", "--limit", "many", option).errors());
      assertThat(error.getAsJsonObject().get("exit_code").getAsInt())
          .isEqualTo(ExitCode.USAGE.number());
    }
    assertThat(run("ls", "--limit", "many", "--", "-o", "json").errors()).startsWith("chowder: ");
  }

  /** picocli reads arguments from files that are named so, by default. */
  @Test
  void anArgumentThatBeginsWithAnAtSignIsNoFile() throws IOException {
    var file = Files.writeString(folder.resolve("arguments"), "--help");
    assertThat(run("@" + file).code()).isEqualTo(ExitCode.USAGE.number());
  }

  @Test
  void argumentsCannotControlTheTerminal() {
    var ran = run("\u001b[2J");
    assertThat(ran.errors()).doesNotContain("\u001b").contains("\\x1b[2J");
  }

  @Test
  void aContextIsAddedChosenAndRemoved() {
    var added =
        runWith("the-key\n", "context", "add", "prod", "https://chowder.example.com", "--use");
    assertThat(added).isEqualTo(new Ran(0, "", ""));
    assertThat(run("context", "ls").output())
        .contains("*  prod", "https://chowder.example.com")
        .doesNotContain("the-key");
    assertThat(run("context", "use", "local").code()).isZero();
    assertThat(run("context", "ls").output()).contains("*  local");
    assertThat(run("context", "rm", "prod").code()).isZero();
    assertThat(run("context", "rm", "prod").code()).isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(run("context", "use", "prod").code()).isEqualTo(ExitCode.NOT_FOUND.number());
  }

  @Test
  void aKeyCanComeFromAFile() throws IOException {
    var key = Files.writeString(folder.resolve("key"), "the-key\n").toString();
    assertThat(run("context", "add", "a", "http://a.example.com", "--key-file", key).errors())
        .contains("unencrypted")
        .doesNotContain("the-key");
    assertThat(folder.resolve(".config/chowder/contexts.json")).content().contains("the-key");
  }

  /** A key is shown only once, so its loss would be final. */
  @Test
  void anExistingContextIsReplacedOnlyOnRequest() {
    assertThat(runWith("first", "context", "add", "a", "https://a.example.com").code()).isZero();
    var refused = runWith("second", "context", "add", "a", "https://a.example.com");
    assertThat(refused.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(refused.errors()).contains("context: must be a new name; got a", "--replace");
    var file = folder.resolve(".config/chowder/contexts.json");
    assertThat(file).content().contains("first").doesNotContain("second");
    String[] replace = {"context", "add", "a", "https://a.example.com", "--replace"};
    assertThat(runWith("second", replace).code()).isZero();
    assertThat(file).content().contains("second").doesNotContain("first");
  }

  /** Without a console, the terminal would show what the user types. */
  @Test
  void aKeyIsNotTypedVisibly() {
    var ran =
        Ran.of(
            Map.of("HOME", folder.toString()),
            "the-key",
            "0",
            "context",
            "add",
            "a",
            "https://a.example.com");
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.errors()).contains("--key-file");
    assertThat(folder.resolve(".config/chowder/contexts.json")).doesNotExist();
  }

  @Test
  void contextsAreJsonWithoutKeys() throws IOException {
    var key = Files.writeString(folder.resolve("key"), "the-key").toString();
    String[] add = {
      "context", "add", "a", "https://a.example.com", "--key-file", key, "--ca", "/ca.pem"
    };
    assertThat(run(add).code()).isZero();
    assertThat(run("context", "ls", "-o", "json").output())
        .isEqualTo(
            """
            {"contexts":[{"name":"local","url":"http://localhost:8080","current":true},\
            {"name":"a","url":"https://a.example.com","current":false,"ca":"/ca.pem"}]}
            """);
  }

  @Test
  void aClientCertificateNeedsItsKey() {
    assertThat(run("context", "add", "a", "https://a.example.com", "--client-certificate", "a.pem"))
        .satisfies(ran -> assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number()))
        .satisfies(ran -> assertThat(ran.errors()).contains("--client-key"));
  }

  @Test
  void anEmptyKeyIsRefused() {
    assertThat(run("context", "add", "a", "https://a.example.com").code())
        .isEqualTo(ExitCode.DENIED.number());
  }

  @ParameterizedTest
  @MethodSource("shells")
  void aCompletionScriptKnowsAllCommands(String shell) {
    var ran = run("completion", shell);
    assertThat(ran.code()).isZero();
    assertThat(ran.output()).contains(new Commands().all(invocation()).getSubcommands().keySet());
  }

  static List<String> shells() {
    return List.of("bash", "zsh", "fish");
  }

  @Test
  void bashCompletesCommandsAndValues() throws Exception {
    var script = Files.writeString(folder.resolve("script"), run("completion", "bash").output());
    var complete =
        """
        compopt() { :; }
        . "$1"
        # The program that the script asks for names.
        program() { if [ "$1" = complete ]; then echo "$2" "${@: -2}" | tr -s ' ' '.'; fi; }
        for words in "chowder rest" "chowder ls -o t" "chowder ls --status run" "chowder context a" \
          "program stop in" "program --context p chat in" "program context use con" "program keys create k -i in"; do
          COMP_WORDS=($words) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
          _complete_chowder
          echo "${COMPREPLY[@]}"
        done
        """;
    var bash = new ProcessBuilder("bash", "-c", complete, "bash", script.toString()).start();
    assertThat(bash.inputReader().readAllLines())
        .containsExactly(
            "restart",
            "table",
            "running",
            "add",
            "instances.stop.in",
            "instances.chat.in",
            "contexts.use.con",
            "instances.-i.in");
    assertThat(bash.waitFor()).isZero();
  }

  @Test
  void aReaderThatEndsIsNoError() {
    var errors = new ByteArrayOutputStream();
    var closed =
        new OutputStream() {
          @Override
          public void write(int one) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    int code = CommandLineRun.of(environment(closed, errors), "--help");
    assertThat(code).isEqualTo(ExitCode.OUTPUT_CLOSED.number());
    assertThat(errors.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  private Invocation invocation() {
    return new Invocation(
        environment(OutputStream.nullOutputStream(), OutputStream.nullOutputStream()));
  }

  private Environment environment(OutputStream output, OutputStream errors) {
    var input = new ByteArrayInputStream(new byte[0]);
    return new Environment(variables, input, output, errors, Terminals.of(""));
  }

  private Ran run(String... arguments) {
    return runWith("", arguments);
  }

  /** Runs a command with standard input. */
  private Ran runWith(String input, String... arguments) {
    return Ran.of(variables, input, "", arguments);
  }
}
