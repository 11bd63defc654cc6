package dev.chowder.checks;

import static dev.chowder.base.ErrorText.must;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Adds the RPC ReloadInstance to a tree, as RestartInstance under another name. Each edit copies
 * the part of a file that concerns RestartInstance. The event and the state stay those of a
 * restart.
 */
final class SampleRpc {
  private static final String INSTANCE = "actors/src/main/java/dev/chowder/instance/";
  private static final String INSTANCE_TESTS = "actors/src/test/java/dev/chowder/instance/";
  private static final String SERVER = "server/src/main/java/dev/chowder/server/instance/";

  /**
   * The edits of a file.
   *
   * @param parts regular expressions of the parts to copy, in the order of the file
   */
  private record Edit(String file, List<String> parts) {}

  private static Edit edit(String file, String... parts) {
    return new Edit(file, List.of(parts));
  }

  private static final List<Edit> EDITS =
      List.of(
          edit(
              "proto/src/main/proto/chowder/v1/instance_service.proto",
              "  // Restarts the gateway of a running instance(?:(?!\n  }\n).)*\n  }\n\n",
              "// The instance to restart\\.\n.*?\n}\n\n"),
          edit(INSTANCE + "InstanceCommand.java", "  record Restart\\([^\n]*\n\n"),
          edit(
              INSTANCE + "InstanceLifecycle.java",
              "      case InstanceCommand\\.Restart\\(.*?\n          };\n"),
          edit(
              SERVER + "InstanceGrpcService.java",
              "import [^\n]*\\.RestartInstanceRequest;\n",
              "  @Override\n  public void restartInstance\\(.*?\n  }\n\n"),
          edit(
              INSTANCE_TESTS + "InstanceWireTest.java",
              " *new InstanceCommand\\.Restart\\([^\n]*,\n"),
          edit(
              INSTANCE_TESTS + "LifecycleExploration.java",
              " *verbs\\.put\\(\"Restart\", [^\n]*;\n"),
          edit(
              "docs/api/instances.md",
              "curl [^\n]*/restart\\?[^\n]*\n",
              "grpcurl [^\n]*InstanceService/RestartInstance[^\n]*\n"));

  private static final Map<String, String> NAMES =
      Map.of(
          "restartInstance", "reloadInstance",
          "RestartInstance", "ReloadInstance",
          "InstanceCommand.Restart(", "InstanceCommand.Reload(",
          "record Restart(", "record Reload(",
          "/restart", "/reload",
          "put(\"Restart\"", "put(\"Reload\"");

  private SampleRpc() {}

  /**
   * Edits a tree.
   *
   * @return the edited files, each once
   * @throws IllegalStateException if a file has no part to copy
   */
  static List<String> addTo(Project tree) throws IOException {
    for (var edit : EDITS) {
      var file = tree.file(edit.file());
      var text = Files.readString(file);
      for (var part : edit.parts()) text = doubled(edit.file(), text, part);
      Files.writeString(file, text);
    }
    return EDITS.stream().map(Edit::file).toList();
  }

  /** Returns the text with a renamed copy behind the first match. */
  static String doubled(String file, String text, String part) {
    Matcher found = Pattern.compile(part, Pattern.DOTALL).matcher(text);
    if (!found.find()) {
      throw new IllegalStateException(must(file, "have a part like " + part));
    }
    return text.substring(0, found.end()) + renamed(found.group()) + text.substring(found.end());
  }

  private static String renamed(String part) {
    var renamed = part;
    for (var name : NAMES.entrySet()) renamed = renamed.replace(name.getKey(), name.getValue());
    return renamed;
  }
}
