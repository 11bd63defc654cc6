package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.Await;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class KernelFileTest {
  private static final Duration LIMIT = Duration.ofSeconds(50);

  /** Runs its arguments in a child, as sudo does, and leaves the child behind if it is killed. */
  private static final List<String> PARENT = List.of("sh", "-c", "\"$@\"; exit $?", "sh");

  @TempDir private Path folder;

  @Test
  void aValueIsWrittenDirectlyOrThroughAParent() throws Exception {
    var file = folder.resolve("limit");
    for (var asRoot : List.of(List.<String>of(), PARENT)) {
      Files.writeString(file, "before");
      assertThat(KernelFile.write(asRoot, file, "0", LIMIT)).isEmpty();
      assertThat(file).hasContent("0");
    }
  }

  /** The write blocks, because nothing reads the pipe. */
  @Test
  void anInterruptEndsAWriteThatRunsInAChild() throws Exception {
    var pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    var interrupted = new AtomicBoolean();
    var writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  assertThatThrownBy(() -> KernelFile.write(PARENT, pipe, "0", LIMIT))
                      .isInstanceOf(InterruptedException.class);
                  interrupted.set(true);
                });
    Await.until(() -> isWriting(pipe));
    writer.interrupt();
    assertThat(writer.join(Duration.ofSeconds(20))).isTrue();
    assertThat(interrupted).isTrue();
    Await.until(() -> !isWriting(pipe));
  }

  @Test
  void theChildrenOfACommandThatEndedAreNotSearched() {
    var searched = new AtomicBoolean();
    KernelFile.end(new EndedProcess(() -> searched.set(true)), PARENT);
    assertThat(searched).isFalse();
  }

  /** A process that ended, and whose id another process may have. */
  private static final class EndedProcess extends Process {
    private final Runnable search;

    EndedProcess(Runnable search) {
      this.search = search;
    }

    @Override
    public Stream<ProcessHandle> descendants() {
      search.run();
      return Stream.empty();
    }

    @Override
    public boolean isAlive() {
      return false;
    }

    @Override
    public OutputStream getOutputStream() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public InputStream getInputStream() {
      return InputStream.nullInputStream();
    }

    @Override
    public InputStream getErrorStream() {
      return InputStream.nullInputStream();
    }

    @Override
    public int waitFor() {
      return 0;
    }

    @Override
    public int exitValue() {
      return 0;
    }

    @Override
    public void destroy() {}
  }

  private static boolean isWriting(Path file) {
    return ProcessHandle.allProcesses()
        .flatMap(process -> process.info().commandLine().stream())
        .anyMatch(command -> command.contains("tee " + file));
  }
}
