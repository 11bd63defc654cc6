package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.DeleteFileRequest;
import dev.chowder.api.v1.FileEntry;
import dev.chowder.api.v1.FileServiceGrpc.FileServiceBlockingStub;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.ListFilesRequest;
import dev.chowder.api.v1.MakeFolderRequest;
import dev.chowder.api.v1.MoveFileRequest;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.error.Rejection;
import dev.chowder.simulator.FakeScript;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests workspace files from a caller through the node to a simulated home volume. */
class FilesTest {
  @TempDir static Path home;
  private static Node node;
  private static String key;
  private static String id;

  @BeforeAll
  static void start() throws IOException {
    node =
        Node.start(
            home, Map.of("chowder.files.max-content-bytes", 1000, "chowder.files.max-open", 2));
    key = node.newcomer("crab");
    id = node.createRunning(key);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @AfterEach
  void heal() {
    node.script().heal();
  }

  @Test
  void filesAreWrittenListedReadMovedAndDeleted() {
    put("notes/a.md", "héllo\n");
    put("notes/b.md", "");
    var _ =
        files()
            .makeFolder(
                MakeFolderRequest.newBuilder().setInstanceId(id).setPath("notes/c").build());
    assertThat(get("notes/a.md")).isEqualTo("héllo\n");
    var page = files().listFiles(list("notes").setPageSize(2).build());
    assertThat(page.getPath()).isEqualTo("notes");
    assertThat(page.getEntriesList())
        .extracting(FileEntry::getPath)
        .containsExactly("notes/a.md", "notes/b.md");
    var first = page.getEntries(0);
    assertThat(first.getName()).isEqualTo("a.md");
    assertThat(first.getSize()).isEqualTo(7);
    assertThat(first.getIsDir()).isFalse();
    assertThat(first.getPermissions()).startsWith("-rw");
    var rest = files().listFiles(list("notes").setPageToken(page.getNextPageToken()).build());
    assertThat(rest.getEntriesList()).hasSize(1);
    assertThat(rest.getEntries(0).getIsDir()).isTrue();
    assertThat(rest.getEntries(0).getPermissions()).startsWith("d");
    assertThat(rest.getNextPageToken()).isEmpty();

    var move =
        MoveFileRequest.newBuilder()
            .setInstanceId(id)
            .setSource("notes/a.md")
            .setDestination("notes/b.md");
    assertReason(Reason.FILE_EXISTS, () -> files().moveFile(move.build()));
    var _ = files().moveFile(move.setOverwrite(true).build());
    assertThat(get("notes/b.md")).isEqualTo("héllo\n");
    assertReason(Reason.FILE_NOT_FOUND, () -> get("notes/a.md"));
    var delete = DeleteFileRequest.newBuilder().setInstanceId(id).setPath("notes");
    assertReason(Reason.FOLDER_NOT_EMPTY, () -> files().deleteFile(delete.build()));
    var _ = files().deleteFile(delete.setRecursive(true).build());
    assertReason(Reason.FILE_NOT_FOUND, () -> files().deleteFile(delete.build()));
  }

  @Test
  void filesAreAvailableWhenStoppedButNotDuringProvisioning() {
    var stopped = node.createRunning(key);
    var _ =
        node.instances(key)
            .stopInstance(
                StopInstanceRequest.newBuilder().setInstanceId(stopped).setWait(30).build());
    var _ = files().putFileContent(content(stopped, "a", "asleep"));
    assertThat(
            files()
                .getFileContent(
                    GetFileContentRequest.newBuilder().setInstanceId(stopped).setPath("a").build())
                .getContent())
        .isEqualTo("asleep");
    node.script().hangNext(Verb.WRITE_FILES, 1);
    var young = node.create(key);
    assertReason(Reason.WRONG_STATE, () -> files().putFileContent(content(young, "a", "x")));
  }

  @Test
  void symbolicLinksAreNotFollowed() throws IOException {
    Files.createSymbolicLink(workspace().resolve("out"), Path.of("..", "openclaw.json"));
    assertReason(Reason.FILE_IS_LINK, () -> get("out"));
    assertReason(Reason.FILE_IS_LINK, () -> put("out", "overwritten"));
    assertReason(Reason.FILE_IS_LINK, () -> put("out/x", "x"));
    assertThat(files().listFiles(list(".").build()).getEntriesList())
        .filteredOn(entry -> entry.getName().equals("out"))
        .extracting(FileEntry::getPermissions)
        .first()
        .asString()
        .startsWith("l");
  }

  @Test
  void theErrorOfALongPathIsShort() {
    var path = ("é".repeat(100) + "/").repeat(20) + "x";
    Rejection.of(() -> get(path))
        .hasReason(Reason.FILE_NOT_FOUND)
        .hides("é".repeat(100) + "/" + "é".repeat(100));
  }

  @Test
  void foldersAndFilesAreNotInterchangeable() {
    put("folder/file", "x");
    assertReason(Reason.FILE_WRONG_KIND, () -> get("folder"));
    assertReason(Reason.FILE_WRONG_KIND, () -> put("folder", "x"));
    assertReason(Reason.FILE_WRONG_KIND, () -> put("folder/file/x", "x"));
    assertReason(Reason.FILE_WRONG_KIND, () -> files().listFiles(list("folder/file").build()));
  }

  @Test
  void aBinaryFileIsNotReadAsText() throws IOException {
    Files.write(workspace().resolve("image"), new byte[] {(byte) 0x89, 'P', 'N', 'G'});
    assertReason(Reason.FILE_NOT_TEXT, () -> get("image"));
  }

  @Test
  void aFileOverTheLimitIsNeitherReadNorWritten() throws IOException {
    Files.write(workspace().resolve("large"), new byte[1001]);
    assertReason(Reason.TOO_LARGE, () -> get("large"));
    assertReason(Reason.TOO_LARGE, () -> put("larger", "é".repeat(501)));
    put("just", "é".repeat(500));
    assertThat(get("just")).hasSize(500);
  }

  @Test
  void aFullDiskAndAnUnavailableEngineAreReported() {
    node.script().failNext(Verb.FILES, 1, SandboxException.Reason.NO_SPACE, "full");
    assertReason(Reason.NO_SPACE, () -> put("a", "x"));
    node.script().unreachable();
    assertReason(Reason.GATEWAY_UNAVAILABLE, () -> put("a", "x"));
    Rejection.of(() -> put("a", "x")).hides("docker");
  }

  @Test
  void openFilesOfAnOrganizationAreLimited() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var open = new ArrayList<FakeScript.Hold>();
      for (int n = 0; n < 2; n++) {
        var hold = node.script().holdNext(Verb.FILES);
        var _ = threads.submit(() -> rejection("absent"));
        assertThat(hold.awaitCall(Node.LIMIT)).isTrue();
        open.add(hold);
      }
      assertReason(Reason.RATE_LIMITED, () -> get("absent"));
      open.forEach(FakeScript.Hold::release);
    }
    // The permit is free a moment after the response.
    Node.await(() -> rejection("absent") == Reason.RATE_LIMITED ? "none is free again" : "");
    assertReason(Reason.FILE_NOT_FOUND, () -> get("absent"));
  }

  private static FileServiceBlockingStub files() {
    return node.files(key);
  }

  private static Path workspace() throws IOException {
    return Files.createDirectories(
        home.resolve("sandboxes").resolve("sb-" + id).resolve("home/.openclaw/workspace"));
  }

  private static ListFilesRequest.Builder list(String path) {
    return ListFilesRequest.newBuilder().setInstanceId(id).setPath(path);
  }

  private static void put(String path, String text) {
    var _ = files().putFileContent(content(id, path, text));
  }

  private static PutFileContentRequest content(String instance, String path, String text) {
    return PutFileContentRequest.newBuilder()
        .setInstanceId(instance)
        .setPath(path)
        .setContent(text)
        .build();
  }

  private static String get(String path) {
    return files()
        .getFileContent(GetFileContentRequest.newBuilder().setInstanceId(id).setPath(path).build())
        .getContent();
  }

  private static Reason rejection(String path) {
    return Rejection.of(() -> get(path)).error().reason();
  }

  private static void assertReason(Reason expected, ThrowingCallable call) {
    Rejection.of(call).hasReason(expected);
  }
}
