package dev.chowder.sandbox;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.sandbox.FileRefused.Reason;
import dev.chowder.sandbox.HomeFolder.Content;
import dev.chowder.sandbox.HomeFolder.Count;
import dev.chowder.sandbox.HomeFolder.Entry;
import dev.chowder.sandbox.HomeFolder.Kind;
import dev.chowder.sandbox.HomeFolder.Listing;
import dev.chowder.sandbox.HomeFolder.Part;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests that the files of every engine must pass, including attacks by the agent. An engine's own
 * test supplies the engine and a way to act as the agent.
 */
@Timeout(120)
public abstract class HomeFolderContract {
  protected static final FilePath FOLDER = FilePath.parse(".agent/workspace");
  private static final int MAX_ENTRIES = 100_000;
  private static final String CREDENTIALS = "token-of-the-agent";

  protected final SandboxId id = SandboxId.ofInstance(UUID.randomUUID().toString());

  protected abstract SandboxEngine engine();

  protected abstract String snapshot();

  /** Runs a script in the home as the sandbox's user. */
  protected abstract String asTheAgent(String script);

  @BeforeEach
  void createSandbox() {
    engine().create(new SandboxSpec(id, "org-1", snapshot(), 1, RESOURCES));
    engine()
        .homes()
        .writeFiles(
            id,
            Fence.NONE,
            List.of(
                new SandboxFile(".agent/credentials", ByteString.copyFromUtf8(CREDENTIALS), 0600)));
  }

  @AfterEach
  void removeSandbox() {
    engine().remove(id, Fence.NONE);
  }

  protected HomeFolder files() {
    return engine().homes().folder(id, FOLDER);
  }

  @Test
  void aFileIsReadAsItWasWrittenAndItsFoldersAreCreated() {
    var bytes = new byte[300_000];
    new Random(1).nextBytes(bytes);
    assertThat(write("a/b/c.bin", ByteString.copyFrom(bytes))).isEqualTo(bytes.length);
    assertThat(read("a/b/c.bin")).isEqualTo(ByteString.copyFrom(bytes));
    assertThat(read("a/b/c.bin", new Part(250_000, 10)))
        .isEqualTo(ByteString.copyFrom(bytes, 250_000, 10));
    assertThat(read("a/b/c.bin", new Part(299_999, 100)).size()).isEqualTo(1);
    assertThat(asTheAgent("stat -c '%a %s' .agent/workspace/a/b/c.bin").strip())
        .isEqualTo("644 300000");
  }

  @Test
  void aFileThatIsReplacedKeepsItsPermissions() {
    asTheAgent(
        "mkdir -p .agent/workspace; echo old > .agent/workspace/run; chmod 750 .agent/workspace/run");
    write("run", "new");
    assertThat(asTheAgent("stat -c %a .agent/workspace/run; cat .agent/workspace/run"))
        .isEqualTo("750\nnew");
  }

  @Test
  void aFolderIsListedInPagesWithMetadata() {
    for (var name : List.of("b", "a", "é", "B")) write(name, name);
    files().makeFolder(FilePath.parse("c"));
    asTheAgent(
        "cd .agent/workspace; ln -s a link; mkfifo fifo; printf x > \"$(printf 'bad\\nname')\"");
    var listed = new ArrayList<String>();
    var after = "";
    Listing page;
    do {
      page = files().list(FilePath.ROOT, after, 3, MAX_ENTRIES);
      assertThat(page.entries()).hasSizeLessThanOrEqualTo(3);
      for (var entry : page.entries()) listed.add(entry.path() + " " + entry.kind());
      assertThat(page.omitted()).isEqualTo(1);
      after = page.after();
    } while (!after.isEmpty());
    assertThat(listed)
        .containsExactly(
            "B FILE", "a FILE", "b FILE", "c FOLDER", "fifo OTHER", "link LINK", "é FILE");
    var one = files().list(FilePath.ROOT, "", 1, MAX_ENTRIES).entries().getFirst();
    assertThat(one.size()).isEqualTo(1);
    assertThat(one.modified())
        .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(5));
    assertThat(one.mode() & 0777).isEqualTo(0644);
  }

  @Test
  void anEmptyWorkspaceIsAnEmptyList() {
    assertThat(files().list(FilePath.ROOT, "", 10, MAX_ENTRIES))
        .isEqualTo(new Listing(List.of(), "", 0));
  }

  @Test
  void aFolderBeyondTheLimitIsNotListed() {
    for (var name : List.of("a", "b", "c")) write(name, "");
    assertRefused(Reason.TOO_LARGE, () -> files().list(FilePath.ROOT, "", 1, 2));
  }

  @Test
  void filesAndFoldersAreMoved() {
    write("a/x", "1");
    write("b/y", "2");
    move("a/x", "b/x", false);
    move("b", "c", false);
    assertThat(text("c/x") + text("c/y")).isEqualTo("12");
    assertRefused(Reason.EXISTS, () -> move("c/x", "c/y", false));
    assertRefused(Reason.EXISTS, () -> move("a", "c", false));
    assertRefused(Reason.NOT_FOUND, () -> move("nothing", "else", false));
    assertRefused(Reason.NOT_FOUND, () -> move("c/x", "nowhere/x", false));
    assertRefused(Reason.WRONG_KIND, () -> move("c", "c/d", false));
    assertRefused(Reason.WRONG_KIND, () -> move("c/x", "a", true));
    assertRefused(Reason.NOT_EMPTY, () -> move("a", "c", true));
    move("c/x", "c/y", true);
    assertThat(text("c/y")).isEqualTo("1");
    assertRefused(Reason.NOT_FOUND, () -> text("c/x"));
  }

  @Test
  void filesAndFoldersAreDeleted() {
    write("a/b/x", "1");
    assertRefused(Reason.NOT_EMPTY, () -> delete("a", false));
    delete("a/b/x", false);
    delete("a/b", false);
    write("a/deep/er/x", "1");
    asTheAgent("cd .agent/workspace/a; ln -s ../../credentials out; ln -s ../.. outside; mkfifo f");
    delete("a", true);
    assertRefused(Reason.NOT_FOUND, () -> delete("a", true));
    assertThat(asTheAgent("cat .agent/credentials")).isEqualTo(CREDENTIALS);
  }

  @Test
  void creatingAFolderTwiceSucceeds() {
    files().makeFolder(FilePath.parse("a/b"));
    files().makeFolder(FilePath.parse("a/b"));
    write("a/file", "x");
    assertRefused(Reason.WRONG_KIND, () -> files().makeFolder(FilePath.parse("a/file")));
    assertRefused(Reason.WRONG_KIND, () -> files().makeFolder(FilePath.parse("a/file/c")));
  }

  @Test
  void noLinkInAPathIsFollowed() {
    write("inside", "x");
    asTheAgent(
        "cd .agent/workspace; ln -s ../credentials secret; ln -s .. up; ln -s inside near; ln -s nothing dangling");
    for (var path : List.of("secret", "up/credentials", "near", "dangling")) {
      assertRefused(Reason.LINK, () -> text(path));
      assertRefused(Reason.LINK, () -> write(path, "overwritten"));
      assertRefused(Reason.LINK, () -> move(path, "moved", false));
      assertRefused(Reason.LINK, () -> move("inside", path, true));
    }
    for (var path : List.of("up", "secret")) {
      assertRefused(Reason.LINK, () -> files().list(FilePath.parse(path), "", 10, MAX_ENTRIES));
      assertRefused(Reason.LINK, () -> files().makeFolder(FilePath.parse(path + "/made")));
    }
    assertRefused(Reason.LINK, () -> delete("up/credentials", false));
    assertRefused(Reason.LINK, () -> importEntry(entry("up/x", Kind.FILE), "x"));
    assertRefused(Reason.LINK, () -> importEntry(entry("near", Kind.FILE), "x"));
    assertRefused(Reason.LINK, () -> importEntry(entry("up", Kind.FOLDER), ""));
    // The link itself may be deleted.
    delete("up", true);
    assertThat(asTheAgent("cat .agent/credentials .agent/workspace/inside; ls .agent"))
        .isEqualTo(CREDENTIALS + "xcredentials\nworkspace\n");
  }

  @Test
  void aWorkspaceThatIsALinkIsRejected() {
    asTheAgent("ln -s . .agent/workspace");
    assertRefused(Reason.LINK, () -> text("credentials"));
    assertRefused(Reason.LINK, () -> files().list(FilePath.ROOT, "", 10, MAX_ENTRIES));
    assertRefused(Reason.LINK, () -> write("credentials", "overwritten"));
    assertThat(asTheAgent("cat .agent/credentials")).isEqualTo(CREDENTIALS);
  }

  @Test
  void fifosAndFoldersAreNotFiles() {
    asTheAgent("mkdir -p .agent/workspace/folder; mkfifo .agent/workspace/fifo");
    for (var path : List.of("fifo", "folder")) {
      assertRefused(Reason.WRONG_KIND, () -> text(path));
      assertRefused(Reason.WRONG_KIND, () -> write(path, "x"));
    }
    assertRefused(
        Reason.WRONG_KIND, () -> files().list(FilePath.parse("fifo"), "", 10, MAX_ENTRIES));
    assertRefused(Reason.WRONG_KIND, () -> text("fifo/x"));
    assertRefused(Reason.NOT_FOUND, () -> text("absent"));
    assertRefused(Reason.NOT_FOUND, () -> text("absent/x"));
  }

  @Test
  void aFileBeyondTheReadersLimitIsRejected() {
    write("nine", "123456789");
    assertRefused(Reason.TOO_LARGE, () -> read("nine", new Part(0, 100), 8));
  }

  @Test
  void anInterruptedWriteChangesNothing() {
    write("kept", "old");
    Content broken =
        to -> {
          to.write(new byte[500_000]);
          throw new IOException("the caller disconnected");
        };
    assertThatThrownBy(() -> files().write(broken)).isInstanceOf(UncheckedIOException.class);
    assertThatThrownBy(
            () ->
                files()
                    .writeTree(
                        tree -> {
                          tree.entry(entry("kept", Kind.FILE));
                          tree.content(ByteString.copyFromUtf8("new"));
                          tree.entry(entry("other", Kind.FILE));
                          throw new IOException("the caller disconnected");
                        }))
        .isInstanceOf(UncheckedIOException.class);
    assertThat(text("kept")).isEqualTo("old");
    assertThat(files().list(FilePath.ROOT, "", 10, MAX_ENTRIES).entries()).hasSize(1);
    awaitNothingStaged();
  }

  private void awaitNothingStaged() {
    // The program removes the files of a cancelled call a moment later.
    Await.until(
        Await.LIMIT,
        () -> asTheAgent("ls -A .chowder-files").isEmpty(),
        () -> "the staging folder is not empty");
  }

  @Test
  void anExportedTreeIsImportedUnchanged() {
    var big = new byte[400_000];
    new Random(2).nextBytes(big);
    write("a/big", ByteString.copyFrom(big));
    write("notes.md", "hello");
    files().makeFolder(FilePath.parse("empty"));
    asTheAgent(
        "cd .agent/workspace; chmod 700 notes.md; touch -d @1000000000 notes.md; ln -s notes.md link; mkfifo fifo");
    var tree = new LinkedHashMap<Entry, ByteString>();
    var read = readTree(tree);
    assertThat(read).isEqualTo(new Count(2, 2, 2));
    delete("a", true);
    delete("empty", true);
    write("notes.md", "changed");
    write("besides", "stays");
    var written =
        files()
            .writeTree(
                to -> {
                  for (var one : tree.entrySet()) {
                    to.entry(one.getKey());
                    if (one.getKey().kind() == Kind.FILE) to.content(one.getValue());
                  }
                });
    assertThat(written).isEqualTo(new Count(2, 2, 0));
    assertThat(read("a/big")).isEqualTo(ByteString.copyFrom(big));
    assertThat(text("notes.md") + text("besides")).isEqualTo("hellostays");
    assertThat(asTheAgent("stat -c '%a %Y' .agent/workspace/notes.md").strip())
        .isEqualTo("700 1000000000");
    assertThat(files().list(FilePath.parse("empty"), "", 10, MAX_ENTRIES).entries()).isEmpty();
  }

  @Test
  void aTreeWithConflictingEntriesChangesNothing() {
    write("a", "old");
    for (var path : List.of("x/y", "x")) {
      assertRefused(
          Reason.WRONG_KIND,
          () ->
              files()
                  .writeTree(
                      to -> {
                        to.entry(entry("a", Kind.FILE));
                        to.content(ByteString.copyFromUtf8("new"));
                        to.entry(entry(path.equals("x") ? "x/y" : "x", Kind.FILE));
                        to.entry(entry(path, Kind.FILE));
                      }));
    }
    // A file has the path of a folder that the entry needs.
    assertRefused(Reason.WRONG_KIND, () -> importEntry(entry("a/b", Kind.FILE), "x"));
    assertThat(text("a")).isEqualTo("old");
  }

  @Test
  void filesOfAMissingSandboxAreNotFound() {
    engine().remove(id, Fence.NONE);
    assertThatThrownBy(() -> files().list(FilePath.ROOT, "", 10, MAX_ENTRIES))
        .isInstanceOfSatisfying(
            SandboxException.class,
            why -> assertThat(why.reason()).isEqualTo(SandboxException.Reason.NOT_FOUND));
    assertThat(engine().observe(id).homeExists()).isFalse();
  }

  protected Count readTree(Map<Entry, ByteString> to) {
    return files()
        .readTree(
            new HomeFolder.Tree() {
              private Entry current = HomeFolderContract.entry("none", Kind.FOLDER);

              @Override
              public void entry(Entry entry) {
                current = entry;
                to.put(entry, ByteString.EMPTY);
              }

              @Override
              public void content(ByteString bytes) {
                to.merge(current, bytes, ByteString::concat);
              }
            });
  }

  private void importEntry(Entry entry, String content) {
    files()
        .writeTree(
            to -> {
              to.entry(entry);
              if (entry.kind() == Kind.FILE) to.content(ByteString.copyFromUtf8(content));
            });
  }

  private static Entry entry(String path, Kind kind) {
    return new Entry(FilePath.parse(path), kind, 0, Instant.EPOCH, 0644);
  }

  protected long write(String path, String text) {
    return write(path, ByteString.copyFromUtf8(text));
  }

  private long write(String path, ByteString bytes) {
    return files()
        .write(
            to -> {
              bytes.writeTo(to);
              return FilePath.parse(path);
            });
  }

  private void move(String source, String destination, boolean overwrite) {
    files().move(FilePath.parse(source), FilePath.parse(destination), overwrite);
  }

  private void delete(String path, boolean recursive) {
    files().delete(FilePath.parse(path), recursive);
  }

  protected String text(String path) {
    return read(path).toString(StandardCharsets.UTF_8);
  }

  private ByteString read(String path) {
    return read(path, new Part(0, Long.MAX_VALUE));
  }

  private ByteString read(String path, Part part) {
    return read(path, part, Long.MAX_VALUE);
  }

  private ByteString read(String path, Part part, long maxBytes) {
    var content = ByteString.newOutput();
    files()
        .read(
            FilePath.parse(path),
            maxBytes,
            new HomeFolder.Reader() {
              @Override
              public Part begin(Entry file) {
                assertThat(file.kind()).isEqualTo(Kind.FILE);
                return part;
              }

              @Override
              public void content(ByteString bytes) throws IOException {
                bytes.writeTo(content);
              }
            });
    return content.toByteString();
  }

  private static void assertRefused(Reason reason, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            FileRefused.class,
            why -> assertThat(why.reason()).as(why.getMessage()).isEqualTo(reason));
  }
}
