package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class DockerErrorsTest {
  private static SandboxException translate(Throwable thrown) {
    return DockerErrors.translate("start x", "unix:///engine", new ExecutionException(thrown));
  }

  private static void assertSays(SandboxException translated, Reason reason, String message) {
    assertThat(translated).hasMessage(message);
    assertThat(translated.reason()).isEqualTo(reason);
  }

  @Test
  void whatTheEngineSaidIsTakenOutOfItsJson() {
    assertSays(
        translate(new DockerException("{\"message\":\"port is taken\"}\n", 500)),
        Reason.REFUSED,
        "start x: port is taken");
    assertSays(
        translate(new InternalServerErrorException("not json")),
        Reason.REFUSED,
        "start x: Status 500: not json");
  }

  @Test
  void whatIsThawedAlreadyOrAtThisMomentIsNoFailureAndAnythingElseIs() {
    assertThat(saysThawed("Container abc is not paused")).isTrue();
    assertThat(saysThawed("Cannot unpause container abc: cannot resume a running process: unknown"))
        .isTrue();
    assertThat(
            saysThawed("Cannot unpause container abc: cannot resume a stopped container: unknown"))
        .isTrue();
    assertThat(saysThawed("Cannot unpause container abc: cannot resume a deleted process: unknown"))
        .isTrue();
    assertThat(saysThawed("Cannot unpause container abc: ttrpc: closed: unknown")).isFalse();
  }

  private static boolean saysThawed(String said) {
    return DockerErrors.saysThawed(
        new InternalServerErrorException("{\"message\":\"" + said + "\"}"));
  }

  @Test
  void aFullDiskIsNamed() {
    assertSays(
        translate(
            new InternalServerErrorException(
                "{\"message\":\"write /var/lib/x: no space left on device\"}")),
        Reason.NO_SPACE,
        "start x: the host's disk is full");
    assertThat(DockerErrors.saysDiskFull("write /home/x: disk quota exceeded")).isTrue();
  }

  @Test
  void aHostWithoutMemoryIsNamed() {
    assertSays(
        translate(
            new InternalServerErrorException(
                "{\"message\":\"fork/exec /usr/bin/runc: cannot allocate memory\"}")),
        Reason.NO_MEMORY,
        "start x: the host has no memory for it");
  }

  @Test
  void anEngineThatShutsDownMeanwhileIsNotReached() {
    assertSays(
        translate(
            new InternalServerErrorException(
                "{\"message\":\"transport is closing: unavailable\"}")),
        Reason.ENGINE_UNREACHABLE,
        "start x: the engine is shutting down");
  }

  @Test
  void aMissingImageIsNotAMissingContainer() {
    assertThat(translate(new NotFoundException("{\"message\":\"No such image: a:1\"}")).reason())
        .isEqualTo(Reason.IMAGE_MISSING);
    assertThat(translate(new NotFoundException("{\"message\":\"No such container: a\"}")).reason())
        .isEqualTo(Reason.NOT_FOUND);
  }

  @Test
  void anEngineThatIsNotThereIsNamed() {
    assertSays(
        translate(new RuntimeException(new IOException("refused"))),
        Reason.ENGINE_UNREACHABLE,
        "docker: no answer at unix:///engine to: start x (expected: a running Docker Engine)");
  }

  @Test
  void anInterruptIsNoUnreachableEngine() {
    assertThat(translate(new RuntimeException(new ClosedByInterruptException())).reason())
        .isEqualTo(Reason.INTERRUPTED);
  }
}
