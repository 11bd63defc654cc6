package dev.chowder.cli.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.CommandFixture;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FilesCommandTest extends CommandFixture {
  @TempDir Path folder;

  @Test
  void aDownloadReplacesTheFileWhenItIsComplete() throws IOException {
    var file = Files.writeString(folder.resolve("a.txt"), "old");
    server.breaksConnection().answers(200, "new");
    assertThat(run("files", "get", ID, "notes/a b.txt", file.toString()).code()).isZero();
    assertThat(file).hasContent("new");
    assertThat(server.requests().getLast().target())
        .isEqualTo("/v1/instances/" + ID + "/files/download?path=notes%2Fa%20b.txt");
  }

  @Test
  void aDownloadThatFailsLeavesTheFileAsItWas() throws IOException {
    var file = Files.writeString(folder.resolve("a.txt"), "old");
    server.fails(404, "FILE_NOT_FOUND").truncates("half");
    assertThat(run("files", "get", ID, "a.txt", file.toString()).code())
        .isEqualTo(ExitCode.NOT_FOUND.number());
    assertThat(run("files", "get", ID, "a.txt", file.toString()).code())
        .isEqualTo(ExitCode.FAILED.number());
    assertThat(folder)
        .isDirectoryContaining("glob:**/a.txt")
        .isDirectoryNotContaining("glob:**.part");
    assertThat(file).hasContent("old");
  }

  @Test
  void aFolderReceivesTheFileUnderItsName() {
    server.answers(200, "new");
    assertThat(run("files", "get", ID, "notes/a.txt", folder.toString()).code()).isZero();
    assertThat(folder.resolve("a.txt")).hasContent("new");
  }

  /** An empty folder would be replaced by the file. */
  @Test
  void aDownloadReplacesNoFolder() throws IOException {
    var sub = Files.createDirectory(folder.resolve("sub"));
    var below = Files.createDirectory(sub.resolve("a.txt"));
    assertThat(run("files", "get", ID, "..", sub.toString()).code())
        .isEqualTo(ExitCode.USAGE.number());
    server.answers(200, "new");
    assertThat(run("files", "get", ID, "a.txt", sub.toString()).code())
        .isEqualTo(ExitCode.FAILED.number());
    assertThat(below).isEmptyDirectory();
    assertThat(sub).isDirectoryNotContaining("glob:**.part");
  }

  @Test
  void aFolderThatIsMissingIsOneSentence() {
    server.answers(200, "new");
    var ran = run("files", "get", ID, "a.txt", folder.resolve("no/a.txt").toString());
    assertThat(ran.code()).isEqualTo(ExitCode.FAILED.number());
    assertThat(ran.errors()).contains("there is no ").hasLineCount(1);
  }

  @Test
  void aListHasAllFieldsOfTheApi() {
    server.answers(200, "{\"path\": \"a\", \"entries\": [], \"next_page_token\": \"\"}");
    assertThat(run("files", "ls", ID, "a", "-o", "json").output())
        .isEqualTo("{\"path\":\"a\",\"entries\":[],\"next_page_token\":\"\"}\n");
  }

  @Test
  void bytesAreNotWrittenToATerminal() {
    assertThat(runWith("", "1", "files", "get", ID, "a.bin", "-").code())
        .isEqualTo(ExitCode.USAGE.number());
    server.answers(200, "\u001b[2J");
    assertThat(run("files", "get", ID, "a.bin", "-").output()).isEqualTo("\u001b[2J");
  }

  @Test
  void anUploadIsRepeatedWithTheSameBytesAndNoIdempotencyKey() {
    server.breaksConnection().answers(204, "");
    assertThat(runWith("the bytes", "", "files", "put", ID, "-", "a.txt").code()).isZero();
    assertThat(server.requests())
        .hasSize(2)
        .allSatisfy(
            request -> {
              assertThat(request.body()).isEqualTo("the bytes");
              assertThat(request.headers())
                  .doesNotContainKey("Idempotency-Key")
                  .containsEntry("Content-Type", "application/octet-stream");
            });
  }

  @Test
  void aFileThatIsNotThereIsAUsageError() {
    var missing = folder.resolve("missing").toString();
    assertThat(run("files", "put", ID, missing).code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(run("files", "put", ID, "-").code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aFolderIsDeletedOnlyWithConsent() {
    assertThat(run("files", "rm", ID, "a", "-r").code()).isEqualTo(ExitCode.USAGE.number());
    server.answers(204, "").answers(204, "");
    assertThat(run("files", "rm", ID, "a", "-r", "--yes").code()).isZero();
    assertThat(server.requests().getLast().target()).endsWith("?path=a&recursive=true");
    assertThat(run("files", "rm", ID, "a").code()).isZero();
    assertThat(server.requests().getLast().target()).endsWith("?path=a");
  }

  @Test
  void namesOfFilesCannotControlTheTerminal() {
    server.answers(
        200,
        """
        {"path": ".", "entries": [{"name": "a\\u001b[2J", "size": 7, "permissions": "-rw-r--r--",
          "mod_time": "2026-01-01T10:00:00Z"}, {"name": "b", "is_dir": true, "permissions": "drwx"}]}
        """);
    assertThat(run("files", "ls", ID).output())
        .isEqualTo(
            """
            PERMISSIONS  SIZE  CHANGED               NAME
            -rw-r--r--   7     2026-01-01T10:00:00Z  a\\x1b[2J
            drwx         0     -                     b/
            """);
  }
}
