package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.apidocs.ApiDescriptors;
import dev.chowder.apidocs.RestCall;
import dev.chowder.key.Permission;
import dev.chowder.server.rpc.RpcFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares the rows of docs/COMPATIBILITY.md with the protocol: whether a call exists, its status
 * and its keys. Does not know what the hosted product does.
 */
class CompatibilityTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "COMPATIBILITY.md");
  private static final int CALLS = 36;
  private static final Pattern ROW =
      Pattern.compile(
          "^\\| (\\d+) \\| `([A-Z]+ /v1/\\S+)` \\| (\\d{3}) \\| (\\w+) \\|"
              + " (same|differs|not yet) \\| (?:(.*) )?\\|$",
          Pattern.MULTILINE);

  /**
   * A call that the hosted product documents.
   *
   * @param status its success status there
   * @param key key that may make it there: {@code none}, {@code organization} or a permission
   * @param here {@code same}, {@code differs} or {@code not yet}
   * @param how the difference
   */
  private record Row(int number, String call, int status, String key, String here, String how) {
    List<String> complaints(Map<String, RestCall> ours) {
      var complaints = new ArrayList<String>();
      var call = ours.get(call());
      if (here.equals("not yet")) {
        if (call != null) complaints.add("is there: say how it differs");
        if (!how.isEmpty()) complaints.add("says how something differs that is not there");
      } else if (call == null) {
        complaints.add("is not there");
      } else {
        if (here.equals("differs") == how.isEmpty()) complaints.add(here + ", but: '" + how + "'");
        differs(status, call.successStatus(), complaints);
        differs(key, keyOf(call), complaints);
      }
      return complaints.stream()
          .map(complaint -> number + " " + this.call + ": " + complaint)
          .toList();
    }

    /** Checks that each difference is named. */
    private void differs(Object there, Object ours, List<String> complaints) {
      if (!there.equals(ours) && !how.contains("`" + ours + "`")) {
        complaints.add("%s, and does not name `%s`, which is ours".formatted(there, ours));
      }
    }
  }

  @Test
  void everyRowMatchesTheProtocol() throws IOException {
    assertThat(complaints(Files.readString(DOCUMENT))).isEmpty();
  }

  @Test
  void everyCallOfTheHostedProductHasARow() throws IOException {
    var rows = rows(Files.readString(DOCUMENT));
    assertThat(rows)
        .extracting(Row::number)
        .isEqualTo(IntStream.rangeClosed(1, CALLS).boxed().toList());
    assertThat(rows).extracting(Row::call).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      value = {
        // No such call exists.
        "`GET /v1/organization` ! `GET /v1/organizations` ! is not there",
        "`DELETE /v1/instances/{instance_id}` ! `DELETE /v1/instances/{id}` ! is not there",
        // The call exists.
        "| 200 | read | same | | ! | 200 | read | not yet | | ! is there",
        // Status or key are wrong.
        "| 204 | organization | same | ! | 200 | organization | same | ! does not name `204`",
        "| 200 | read | same | ! | 200 | none | same | ! does not name `read`",
        // A difference without a description, and a description without a difference.
        "| 200 | read | same | ! | 200 | read | differs | ! differs, but: ''",
        "| differs | An operator ! | same | An operator ! same, but: 'An operator"
      })
  void aWrongRowIsFound(String row, String wrong, String complaint) throws IOException {
    var text = Files.readString(DOCUMENT);
    assertThat(text).contains(row);
    var at = text.indexOf(row);
    var changed = text.substring(0, at) + wrong + text.substring(at + row.length());
    assertThat(complaints(changed)).singleElement().asString().contains(complaint);
  }

  private static List<String> complaints(String document) throws IOException {
    var ours =
        ApiDescriptors.read().services().stream()
            .flatMap(service -> service.getMethods().stream())
            .flatMap(method -> RestCall.of(method).stream())
            .collect(Collectors.toMap(RestCall::toString, Function.identity()));
    return rows(document).stream().flatMap(row -> row.complaints(ours).stream()).toList();
  }

  private static List<Row> rows(String document) {
    return ROW.matcher(document)
        .results()
        .map(
            row ->
                new Row(
                    Integer.parseInt(row.group(1)),
                    row.group(2),
                    Integer.parseInt(row.group(3)),
                    row.group(4),
                    row.group(5),
                    row.group(6) == null ? "" : row.group(6)))
        .toList();
  }

  /** Returns the key that may make the call here. */
  private static String keyOf(RestCall call) {
    if (!call.needsKey()) return "none";
    return RpcFacts.of(call.method()).permission().map(Permission::label).orElse("organization");
  }
}
