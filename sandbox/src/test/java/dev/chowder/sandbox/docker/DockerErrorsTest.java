package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class DockerErrorsTest {
  private static SandboxException translate(Throwable thrown) {
    return DockerErrors.translate("start x", "unix:///engine", new ExecutionException(thrown));
  }

  private static void assertReason(Reason reason, Throwable thrown) {
    assertThat(translate(thrown).reason()).isEqualTo(reason);
  }

  @Test
  void theMessageOfTheEngineIsTakenFromItsJson() {
    var json = new DockerException("{\"message\":\"port is taken\"}\n", 500);
    assertReason(Reason.REFUSED, json);
    assertThat(translate(json)).hasMessageEndingWith(": port is taken");
    var text = new InternalServerErrorException("not json");
    assertReason(Reason.REFUSED, text);
    assertThat(translate(text)).hasMessageEndingWith(": Status 500: not json");
  }

  @Test
  void onlyAContainerThatIsNotPausedCountsAsThawed() {
    assertThat(meansNotPaused("Container abc is not paused")).isTrue();
    for (var state : List.of("running process", "stopped container", "deleted process")) {
      assertThat(
              meansNotPaused(
                  "Cannot unpause container abc: cannot resume a " + state + ": unknown"))
          .isTrue();
    }
    assertThat(meansNotPaused("Cannot unpause container abc: ttrpc: closed: unknown")).isFalse();
  }

  private static boolean meansNotPaused(String message) {
    return DockerErrors.meansNotPaused(
        new InternalServerErrorException("{\"message\":\"" + message + "\"}"));
  }

  @Test
  void aFolderThatIsAFileOrALinkToItselfIsAnUnusablePath() {
    assertThat(meansUnusablePath("lstat /merged/tmp/f/claimed: not a directory")).isTrue();
    assertThat(meansUnusablePath("evalSymlinksInScope: too many links in /merged/tmp/loop"))
        .isTrue();
    assertThat(meansUnusablePath("lstat /tmp/loop/f: too many levels of symbolic links")).isTrue();
    assertThat(meansUnusablePath("lstat /merged/tmp/f: input/output error")).isFalse();
  }

  private static boolean meansUnusablePath(String message) {
    return DockerErrors.meansUnusablePath(
        new InternalServerErrorException("{\"message\":\"" + message + "\"}"));
  }

  @Test
  void aFullDiskHasItsOwnReason() {
    assertReason(
        Reason.NO_SPACE,
        new InternalServerErrorException(
            "{\"message\":\"write /var/lib/x: no space left on device\"}"));
    assertThat(DockerErrors.meansDiskFull("write /home/x: disk quota exceeded")).isTrue();
  }

  @Test
  void aHostWithoutMemoryHasItsOwnReason() {
    assertReason(
        Reason.NO_MEMORY,
        new InternalServerErrorException(
            "{\"message\":\"fork/exec /usr/bin/runc: cannot allocate memory\"}"));
  }

  @Test
  void anEngineThatShutsDownIsUnreachable() {
    assertReason(
        Reason.ENGINE_UNREACHABLE,
        new InternalServerErrorException("{\"message\":\"transport is closing: unavailable\"}"));
  }

  @Test
  void aMissingImageIsNotAMissingContainer() {
    assertReason(
        Reason.IMAGE_MISSING, new NotFoundException("{\"message\":\"No such image: a:1\"}"));
    assertReason(Reason.NOT_FOUND, new NotFoundException("{\"message\":\"No such container: a\"}"));
  }

  @Test
  void anUnreachableEngineIsNamed() {
    var unreachable = new RuntimeException(new IOException("refused"));
    assertReason(Reason.ENGINE_UNREACHABLE, unreachable);
    assertThat(translate(unreachable)).hasMessageContaining("unix:///engine");
  }

  @Test
  void anInterruptDoesNotMeanAnUnreachableEngine() {
    assertReason(Reason.INTERRUPTED, new RuntimeException(new ClosedByInterruptException()));
  }
}
