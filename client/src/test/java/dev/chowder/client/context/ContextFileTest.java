package dev.chowder.client.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chowder.client.failure.ClientException;
import dev.chowder.client.failure.ClientException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContextFileTest {
  private static final Context PROD = context("prod", "https://chowder.example.com");

  @TempDir Path folder;
  private ContextFile file = new ContextFile(Path.of("unset"));

  @BeforeEach
  void create() {
    file = ContextFile.of(Map.of("XDG_CONFIG_HOME", folder.resolve("config").toString()));
  }

  @Test
  void aStoredContextIsReadAgain() {
    file.update(contexts -> contexts.with(PROD).use("prod"));
    var read = file.load();
    assertThat(read.current()).isEqualTo("prod");
    assertThat(read.find("prod")).isPresent().get().satisfies(ContextFileTest::isProd);
  }

  private static void isProd(Context context) {
    assertThat(context.url()).isEqualTo(PROD.url());
    assertThat(Objects.requireNonNull(context.key()).authorization())
        .isEqualTo("Bearer secret-of-prod");
    assertThat(context.tls()).isEqualTo(TlsFiles.NONE);
  }

  @Test
  void theFilesForTlsAreStored() {
    var files = new TlsFiles(Path.of("/ca.pem"), Path.of("/me.pem"), Path.of("/me.key"));
    var context = Context.named("tls", PROD.url(), Key.of("k", "test"), files);
    file.update(contexts -> contexts.with(context));
    assertThat(file.load().find("tls")).isPresent().get().extracting(Context::tls).isEqualTo(files);
  }

  @Test
  void aFolderThatCannotBeWrittenIsRefused() throws IOException {
    Files.writeString(folder.resolve("config"), "a file");
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(() -> file.update(contexts -> contexts.with(PROD)))
        .withMessageContaining("XDG_CONFIG_HOME")
        .withMessageContaining("Not a directory; make its folder writable")
        .satisfies(failure -> assertThat(failure.kind()).isEqualTo(Kind.INVALID));
  }

  @Test
  void onlyItsUserCanReadIt() throws IOException {
    file.update(contexts -> contexts.with(PROD));
    assertThat(mode(file.path())).isEqualTo("rw-------");
    assertThat(mode(file.path().resolveSibling("."))).isEqualTo("rwx------");
  }

  @Test
  void aFileThatOthersCanReadIsRefused() throws IOException {
    file.update(contexts -> contexts.with(PROD));
    Files.setPosixFilePermissions(file.path(), PosixFilePermissions.fromString("rw-r--r--"));
    assertRefused().withMessageContaining("chmod 600");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"contexts\": 1}",
        "{\"contexts\": {\"a\": 1}}",
        "{\"contexts\": {\"a\": {\"url\": \"https://a\"}}}",
        "{\"contexts\": {\"a\": {\"url\": [], \"key\": \"k\"}}}",
        "{\"current\": {}}",
        "{\"contexts\": {\"a b\": {\"url\": \"https://a\", \"key\": \"k\"}}}",
        "{\"contexts\": {\"a\": {\"url\": \"file:///etc\", \"key\": \"k\"}}}"
      })
  void aDamagedFileIsRefused(String text) throws IOException {
    file.update(contexts -> contexts.with(PROD));
    Files.writeString(file.path(), text);
    assertRefused();
  }

  @Test
  void aHugeFileIsRefused() throws IOException {
    file.update(contexts -> contexts.with(PROD));
    Files.writeString(file.path(), " ".repeat(2 << 20));
    assertRefused().withMessageContaining("1 MiB");
  }

  @Test
  void noKeyIsInTheMessageAboutADamagedFile() throws IOException {
    file.update(contexts -> contexts.with(PROD));
    Files.writeString(
        file.path(), "{\"contexts\": {\"a\": {\"url\": \"https://a\", \"key\": \"sec\\nret\"}}}");
    assertThatExceptionOfType(ClientException.class)
        .isThrownBy(file::load)
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("sec", "ret"));
  }

  @Test
  void concurrentChangesAreKept() throws InterruptedException {
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 8; i++) {
      var one = context("c" + i, "https://c%d.example.com".formatted(i));
      var own = new ContextFile(file.path());
      threads.add(Thread.ofVirtual().start(() -> own.update(contexts -> contexts.with(one))));
    }
    for (var thread : threads) thread.join();
    assertThat(file.load().byName()).hasSize(8);
  }

  private ThrowableAssertAlternative<ClientException> assertRefused() {
    return assertThatExceptionOfType(ClientException.class)
        .isThrownBy(file::load)
        .satisfies(failure -> assertThat(failure.kind()).isIn(Kind.INVALID, Kind.NO_KEY));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static Context context(String name, String url) {
    return Context.named(name, URI.create(url), Key.of("secret-of-" + name, "test"), TlsFiles.NONE);
  }
}
