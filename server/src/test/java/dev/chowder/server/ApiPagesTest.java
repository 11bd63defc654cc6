package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.apidocs.ApiDescriptors;
import dev.chowder.apidocs.RestCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that the pages of {@code docs/api} contain every call and only existing ones. {@code
 * ApiPagesE2E} checks whether they are true.
 */
class ApiPagesTest {
  private static final Path FOLDER = Path.of("..", "docs", "api");

  /** RPCs without a page, by full name. */
  private static final Set<String> WITHOUT_A_PAGE = Set.of();

  private static final Pattern FENCE =
      Pattern.compile("^```sh\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  /** A curl command with its arguments, but no grpcurl. */
  private static final Pattern CURL =
      Pattern.compile("(?<![a-z])curl (?:'[^']*'|\"[^\"]*\"|[^|)\\n'\"])*");

  private static final Pattern VERB = Pattern.compile(" -X (\\w+)");
  private static final Pattern PATH = Pattern.compile("\\$API(/[^\\s\"'?]*)");
  private static final Pattern RPC = Pattern.compile("(chowder\\.v1\\.\\w+)/(\\w+)");

  private final ApiDescriptors api;
  private final List<String> commands = new ArrayList<>();

  ApiPagesTest() throws IOException {
    api = ApiDescriptors.read();
    for (var page : pages()) {
      FENCE
          .matcher(Files.readString(page))
          .results()
          .map(fence -> fence.group(1).replace("\\\n", " "))
          .forEach(commands::add);
    }
  }

  @Test
  void everyRestCallIsOnAPage() {
    var missing = new TreeSet<String>();
    calls().map(RestCall::toString).forEach(missing::add);
    for (var command : commands) {
      for (var curl : CURL.matcher(command).results().toList()) {
        var path = PATH.matcher(curl.group());
        if (!path.find()) continue;
        var called = verb(curl.group()) + " /v1" + path.group(1);
        var call = called(called);
        assertThat(call).as(called).isPresent();
        missing.remove(call.orElseThrow().toString());
      }
    }
    assertThat(missing).isEqualTo(callsWithoutAPage());
  }

  @Test
  void everyGrpcCallIsOnAPage() {
    var missing = new TreeSet<String>();
    api.services().stream()
        .flatMap(service -> service.getMethods().stream())
        .forEach(method -> missing.add(method.getFullName()));
    var known = Set.copyOf(missing);
    for (var command : commands) {
      for (var rpc : RPC.matcher(command).results().toList()) {
        var called = rpc.group(1) + "." + rpc.group(2);
        assertThat(known).contains(called);
        missing.remove(called);
      }
    }
    assertThat(missing).isEqualTo(new TreeSet<>(WITHOUT_A_PAGE));
  }

  @Test
  void theFirstPageLinksToAllOthers() throws IOException {
    var first = Files.readString(FOLDER.resolve("README.md"));
    for (var page : pages()) {
      if (page.endsWith("README.md")) continue;
      assertThat(first).contains("](" + page.getFileName() + ")");
    }
  }

  private static List<Path> pages() throws IOException {
    try (var files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".md")).sorted().toList();
    }
  }

  private static String verb(String curl) {
    var verb = VERB.matcher(curl);
    if (verb.find()) return verb.group(1);
    return curl.contains(" -d ") ? "POST" : "GET";
  }

  private Optional<RestCall> called(String verbAndPath) {
    return calls()
        .filter(call -> verbAndPath.matches(call.toString().replaceAll("\\{[^}]*}", "[^/]+")))
        .findFirst();
  }

  private Stream<RestCall> calls() {
    return api.services().stream()
        .flatMap(service -> service.getMethods().stream())
        .flatMap(method -> RestCall.of(method).stream());
  }

  private Set<String> callsWithoutAPage() {
    var calls = new TreeSet<String>();
    calls()
        .filter(call -> WITHOUT_A_PAGE.contains(call.method().getFullName()))
        .forEach(call -> calls.add(call.toString()));
    return calls;
  }
}
