package dev.chowder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.Terminals;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Checks that each call of {@code docs/REST.md} has a command. */
class RestCoverageTest {
  private static final Pattern CALL = Pattern.compile("(?m)^\\| `[A-Z]+ /v1/.*?\\| \\[`(\\w+)`]");

  /** The command of each call, or why it has none. */
  private static final String COMMANDS =
      """
      CreateInstance: create
      ListInstances: ls
      GetInstance: get
      GetInstanceStatus: none, because get shows more
      UpdateInstance: update
      DeleteInstance: rm
      StartInstance: start
      StopInstance: stop
      RestartInstance: restart
      RecoverInstance: recover
      WatchInstance: watch
      WatchInstances: watch
      TailLogs: logs
      ListInstanceEvents: events
      GetGatewayAccess: gateway get
      RotateGatewayToken: gateway rotate
      CreateResponse: chat
      CreateSessionResponse: chat
      ListSessions: sessions ls
      GetSession: sessions get
      DeleteSession: sessions rm
      ListFiles: files ls
      GetFileContent: none, because files get reads any file
      PutFileContent: none, because files put writes any file
      UploadFile: files put
      DownloadFile: files get
      MoveFile: files mv
      DeleteFile: files rm
      MakeFolder: files mkdir
      ExportFiles: files export
      ImportFiles: files import
      ListChannels: channels ls
      GetChannel: channels get
      ConnectChannel: channels connect
      DisconnectChannel: channels disconnect
      GetChannelStatus: channels status
      ListPairings: channels pairings
      PairChannel: channels pair
      ListSkills: skills ls
      GetSkill: skills get
      InstallSkill: skills install
      UpdateSkill: skills configure
      DeleteSkill: skills rm
      SignUp: sign-up
      GetOrganization: org get
      UpdateOrganization: org set-provider
      RotateApiKey: org rotate-key
      CreateKey: keys create
      ListKeys: keys ls
      GetKey: keys get
      RevokeKey: keys rm
      GetSubscription: subscription get
      CreateCheckout: subscription checkout
      CreatePortal: subscription portal
      ReceiveStripeEvent: none, because Stripe calls it
      """;

  @Test
  void eachCallHasACommand() throws IOException {
    var commands = new TreeMap<String, String>();
    COMMANDS
        .lines()
        .map(line -> line.split(": ", 2))
        .forEach(line -> commands.put(line[0], line[1]));
    var calls =
        CALL.matcher(Files.readString(Path.of("../docs/REST.md")))
            .results()
            .map(call -> call.group(1))
            .toList();
    assertThat(calls).containsExactlyInAnyOrderElementsOf(commands.keySet());
    commands.values().removeIf(command -> command.startsWith("none, because "));
    var root = commandLine();
    assertThat(commands).allSatisfy((_, command) -> assertExists(root, command));
  }

  private static void assertExists(CommandLine root, String command) {
    var line = root;
    for (var word : List.of(command.split(" "))) {
      line = Objects.requireNonNull(line.getSubcommands().get(word), command);
    }
  }

  private static CommandLine commandLine() {
    return new Commands()
        .all(
            new Invocation(
                new Environment(
                    Map.of(),
                    InputStream.nullInputStream(),
                    OutputStream.nullOutputStream(),
                    OutputStream.nullOutputStream(),
                    Terminals.of(""))));
  }
}
