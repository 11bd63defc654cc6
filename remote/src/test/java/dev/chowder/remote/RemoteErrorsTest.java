package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests how errors of an engine reach the caller in another process. */
@Timeout(60)
class RemoteErrorsTest extends RemoteFixture {
  private final AtomicReference<RuntimeException> failure = new AtomicReference<>();

  private RemoteEngine failing() throws IOException {
    serve(
        new TestEngine() {
          @Override
          public SandboxObservation observe(SandboxId id) {
            throw failure.get();
          }

          @Override
          public SandboxHomes homes() {
            return new FailingHomes();
          }
        });
    return client();
  }

  private final class FailingHomes implements SandboxHomes {
    @Override
    public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files) {
      throw failure.get();
    }

    @Override
    public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
      throw failure.get();
    }

    @Override
    public Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
      throw failure.get();
    }

    @Override
    public HomeFolder folder(SandboxId id, FilePath folder) {
      throw failure.get();
    }
  }

  @Test
  void everyReasonAndItsMessageArriveUnchanged() throws IOException {
    var engine = failing();
    for (var reason : Reason.values()) {
      // The caller's own interrupt is not an error of the engine.
      if (reason == Reason.INTERRUPTED) continue;
      failure.set(
          new SandboxException(reason, "cannot start: \"ä€😀\" failed\n100 % of " + reason));
      assertThatThrownBy(() -> engine.observe(ID))
          .isInstanceOfSatisfying(
              SandboxException.class, why -> assertThat(why.reason()).isEqualTo(reason))
          .hasMessage(failure.get().getMessage());
      assertThatThrownBy(() -> engine.homes().readFile(ID, "a", 1))
          .isInstanceOfSatisfying(
              SandboxException.class, why -> assertThat(why.reason()).isEqualTo(reason))
          .hasMessage(failure.get().getMessage());
    }
  }

  @Test
  void everyReasonOfAFileArrivesUnchanged() throws IOException {
    var folder = failing().homes().folder(ID, FilePath.parse("workspace"));
    for (var reason : FileRefused.Reason.values()) {
      failure.set(new FileRefused(reason, "cannot access it: " + reason));
      assertThatThrownBy(() -> folder.delete(FilePath.parse("a"), false))
          .isInstanceOfSatisfying(
              FileRefused.class, why -> assertThat(why.reason()).isEqualTo(reason))
          .hasMessage(failure.get().getMessage());
      assertThatThrownBy(() -> folder.write(_ -> FilePath.parse("a")))
          .isInstanceOfSatisfying(
              FileRefused.class, why -> assertThat(why.reason()).isEqualTo(reason));
    }
  }

  @Test
  void aLongMessageArrivesAndALongerOneIsCut() throws IOException {
    var engine = failing();
    failure.set(new SandboxException(Reason.REFUSED, "€".repeat(8192)));
    assertThatThrownBy(() -> engine.observe(ID)).hasMessage(failure.get().getMessage());
    failure.set(new SandboxException(Reason.NO_SPACE, "€".repeat(100_000)));
    assertThat(catchThrowableOfType(SandboxException.class, () -> engine.observe(ID)))
        .hasMessage("€".repeat(8189) + "...")
        .extracting(SandboxException::reason)
        .isEqualTo(Reason.NO_SPACE);
  }

  @Test
  void theTextOfAnUnexpectedFailureStaysWithTheEngine() throws IOException {
    var engine = failing();
    failure.set(new IllegalStateException("internal"));
    assertThat(catchThrowableOfType(SandboxException.class, () -> engine.observe(ID)))
        .hasMessageNotContaining("internal")
        .extracting(SandboxException::reason)
        .isEqualTo(Reason.REFUSED);
  }

  @Test
  void filesBeyondTheLimitAreRejected() throws IOException {
    opened.add(
        EngineServer.start(new TestEngine(), settings(Map.of("max-files-bytes", "100 KiB"))));
    var file = new SandboxFile("big", ByteString.copyFrom(new byte[101 * 1024]), 0600);
    assertThat(
            catchThrowableOfType(
                SandboxException.class,
                () -> client().homes().writeFiles(ID, Fence.NONE, List.of(file))))
        .extracting(SandboxException::reason)
        .isEqualTo(Reason.REFUSED);
  }

  @Test
  void theReferenceIsKnownWhileTheEngineIsUnavailable() throws IOException {
    var server = serve(new TestEngine());
    // A failed call would be a reason to read it again.
    var engine = client(Map.of("isolation-check-interval", "1h"));
    Await.until(() -> engine.host().isolationFailure().isEmpty());
    var ref = engine.ref(ID);
    assertThat(ref.host()).isEqualTo("host-1");
    server.close();
    assertThat(engine.ref(ID)).isEqualTo(ref);
  }
}
