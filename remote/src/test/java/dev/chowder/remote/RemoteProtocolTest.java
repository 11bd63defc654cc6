package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.engine.v1.EngineError;
import dev.chowder.engine.v1.EngineServiceGrpc.EngineServiceImplBase;
import dev.chowder.engine.v1.Entry;
import dev.chowder.engine.v1.GetIsolationRequest;
import dev.chowder.engine.v1.GetIsolationResponse;
import dev.chowder.engine.v1.GetReferenceRequest;
import dev.chowder.engine.v1.HomeServiceGrpc.HomeServiceImplBase;
import dev.chowder.engine.v1.HostServiceGrpc.HostServiceImplBase;
import dev.chowder.engine.v1.ListFolderRequest;
import dev.chowder.engine.v1.ListFolderResponse;
import dev.chowder.engine.v1.ListSandboxesRequest;
import dev.chowder.engine.v1.ListSandboxesResponse;
import dev.chowder.engine.v1.Observation;
import dev.chowder.engine.v1.ObserveSandboxRequest;
import dev.chowder.engine.v1.ReadFolderFileRequest;
import dev.chowder.engine.v1.ReadFolderFileResponse;
import dev.chowder.engine.v1.Reference;
import dev.chowder.engine.v1.SandboxReason;
import dev.chowder.engine.v1.WatchSandboxesRequest;
import dev.chowder.engine.v1.WatchSandboxesResponse;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.SandboxResources;
import dev.chowder.sandbox.SandboxSpec;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests an engine that breaks the protocol: it must neither mislead nor stop its client. */
@Timeout(60)
class RemoteProtocolTest extends RemoteFixture {
  private static final FilePath FILE = FilePath.parse("a");

  /** An engine whose watches follow a script, one after another; the last one stays open. */
  static class ScriptedEngine extends EngineServiceImplBase {
    final BlockingQueue<Long> watches = new LinkedBlockingQueue<>();

    @Override
    public void watchSandboxes(
        WatchSandboxesRequest request, StreamObserver<WatchSandboxesResponse> out) {
      watches.add(System.nanoTime());
      out.onNext(
          WatchSandboxesResponse.newBuilder()
              .setOpened(dev.chowder.engine.v1.Opened.getDefaultInstance())
              .build());
      watch(watches.size(), out);
    }

    void watch(int number, StreamObserver<WatchSandboxesResponse> out) {}

    @Override
    public void listSandboxes(
        ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> out) {
      out.onCompleted();
    }
  }

  private static WatchSandboxesResponse event(String id, String what) {
    var event = WatchSandboxesResponse.Event.newBuilder().setSandboxId(id).setWhat(what);
    return WatchSandboxesResponse.newBuilder().setEvent(event).build();
  }

  private static StatusException interrupted() {
    var error = EngineError.newBuilder().setSandbox(SandboxReason.INTERRUPTED).build();
    return StatusProto.toStatusException(
        com.google.rpc.Status.newBuilder()
            .setCode(Status.Code.CANCELLED.value())
            .addDetails(Any.pack(error))
            .build());
  }

  private static <T> void respond(StreamObserver<T> out, T response) {
    out.onNext(response);
    out.onCompleted();
  }

  private static void assertRejected(Runnable call) {
    assertReason(Reason.REFUSED, call);
  }

  @Test
  void malformedResponsesAreRejectedAndNotKept() throws Exception {
    var reference = new AtomicReference<>(Reference.getDefaultInstance());
    serveOnly(
        new ScriptedEngine() {
          @Override
          public void observeSandbox(
              ObserveSandboxRequest request, StreamObserver<Observation> out) {
            respond(out, Observation.newBuilder().setSandboxId("bad").build());
          }

          @Override
          public void getReference(GetReferenceRequest request, StreamObserver<Reference> out) {
            respond(out, reference.get());
          }
        });
    var engine = client();
    assertRejected(() -> engine.observe(ID));
    assertRejected(() -> engine.ref(ID));
    reference.set(Reference.newBuilder().setEngine("e").setHost("h").setId("other").build());
    assertThat(engine.ref(ID)).isEqualTo(new SandboxRef("e", "h", ID.value()));
  }

  @Test
  void aWatchSkipsAnInvalidEvent() throws Exception {
    serveOnly(
        new ScriptedEngine() {
          @Override
          void watch(int number, StreamObserver<WatchSandboxesResponse> out) {
            out.onNext(event("bad", "first"));
            out.onNext(event(ID.value(), "second"));
          }
        });
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (var _ = client().watch(events::add)) {
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, "second"));
    }
  }

  @Test
  void aWatchContinuesAfterItsConsumerFailed() throws Exception {
    serveOnly(
        new ScriptedEngine() {
          @Override
          void watch(int number, StreamObserver<WatchSandboxesResponse> out) {
            out.onNext(event(ID.value(), "event " + number));
          }
        });
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (var _ =
        client()
            .watch(
                event -> {
                  if (event.what().equals("event 1")) throw new IllegalStateException("own");
                  events.add(event);
                })) {
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, "event 2"));
    }
  }

  @Test
  void aWatchContinuesAfterAMalformedList() throws Exception {
    var lists = new AtomicInteger();
    serveOnly(
        new ScriptedEngine() {
          @Override
          void watch(int number, StreamObserver<WatchSandboxesResponse> out) {
            if (number == 1) out.onError(Status.UNAVAILABLE.asException());
          }

          @Override
          public void listSandboxes(
              ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> out) {
            var id = lists.incrementAndGet() == 1 ? "bad" : ID.value();
            var seen = Observation.newBuilder().setSandboxId(id);
            respond(out, ListSandboxesResponse.newBuilder().addSandboxes(seen).build());
          }
        });
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (var _ = client().watch(events::add)) {
      var found = events.poll(20, TimeUnit.SECONDS);
      assertThat(found).isNotNull();
      assertThat(found.id()).isEqualTo(ID);
    }
  }

  /** Only the caller's own thread knows whether it was interrupted. */
  @Test
  void anEngineThatReportsAnInterruptCountsAsUnreachable() throws Exception {
    var isolations = new AtomicInteger();
    serveOnly(
        new ScriptedEngine() {
          @Override
          public void observeSandbox(
              ObserveSandboxRequest request, StreamObserver<Observation> out) {
            out.onError(interrupted());
          }

          @Override
          void watch(int number, StreamObserver<WatchSandboxesResponse> out) {
            if (number == 1) out.onError(interrupted());
            else out.onNext(event(ID.value(), "event " + number));
          }
        },
        new HostServiceImplBase() {
          @Override
          public void getIsolation(
              GetIsolationRequest request, StreamObserver<GetIsolationResponse> out) {
            if (isolations.incrementAndGet() == 1) out.onError(interrupted());
            else respond(out, GetIsolationResponse.getDefaultInstance());
          }
        });
    var engine = client(Map.of("isolation-check-interval", "20ms"));
    assertThat(catchThrowableOfType(SandboxException.class, () -> engine.observe(ID)))
        .extracting(SandboxException::reason)
        .isEqualTo(Reason.ENGINE_UNREACHABLE);
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    try (var _ = engine.watch(events::add)) {
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, "event 2"));
    }
    Await.until(() -> engine.host().isolationFailure().isEmpty());
  }

  @Test
  void aWatchThatFailsAtOnceIsOpenedAgainAfterGrowingPauses() throws Exception {
    var engine =
        new ScriptedEngine() {
          @Override
          void watch(int number, StreamObserver<WatchSandboxesResponse> out) {
            out.onError(Status.UNAVAILABLE.asException());
          }
        };
    serveOnly(engine);
    try (var _ = client(Map.of("max-reconnect-delay", "400ms")).watch(_ -> {})) {
      Await.until(() -> engine.watches.size() >= 5);
    }
    var times = List.copyOf(engine.watches);
    // 100, 200, 400 and 400 ms.
    assertThat(Duration.ofNanos(times.get(4) - times.get(0))).isGreaterThan(Duration.ofSeconds(1));
  }

  @Test
  void aListHasALimit() throws Exception {
    serveOnly(
        new ScriptedEngine() {
          @Override
          public void listSandboxes(
              ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> out) {
            var seen = Observation.newBuilder().setSandboxId(ID.value()).build();
            for (int i = 0; i < 3; i++) {
              out.onNext(
                  ListSandboxesResponse.newBuilder().addSandboxes(seen).addSandboxes(seen).build());
            }
            out.onCompleted();
          }
        });
    assertThat(client(Map.of("max-sandboxes", "6")).list()).hasSize(6);
    assertRejected(client(Map.of("max-sandboxes", "5"))::list);
  }

  private static Entry entry(String path) {
    return Entry.newBuilder().setPath(path).setKind(Entry.Kind.FILE).build();
  }

  private HomeFolder folderWithEntries(String... paths) throws Exception {
    var entries = Stream.of(paths).map(RemoteProtocolTest::entry).toList();
    serveOnly(
        new HomeServiceImplBase() {
          @Override
          public void listFolder(
              ListFolderRequest request, StreamObserver<ListFolderResponse> out) {
            var end = ListFolderResponse.End.getDefaultInstance();
            respond(
                out, ListFolderResponse.newBuilder().addAllEntries(entries).setEnd(end).build());
          }

          @Override
          public StreamObserver<ReadFolderFileRequest> readFolderFile(
              StreamObserver<ReadFolderFileResponse> out) {
            return new LongFile(entries.getFirst(), out);
          }
        });
    return client().homes().folder(ID, FilePath.parse("workspace"));
  }

  /** Sends ten bytes of a file, whatever the client requests. */
  private record LongFile(Entry entry, StreamObserver<ReadFolderFileResponse> out)
      implements StreamObserver<ReadFolderFileRequest> {
    @Override
    public void onNext(ReadFolderFileRequest request) {
      var response = ReadFolderFileResponse.newBuilder();
      if (request.hasStart()) response.setEntry(entry);
      else response.setContent(ByteString.copyFromUtf8("0123456789"));
      out.onNext(response.build());
    }

    @Override
    public void onError(Throwable cancelled) {}

    @Override
    public void onCompleted() {
      out.onCompleted();
    }
  }

  @Test
  void aPageOfAFolderHasAtMostTheRequestedEntries() throws Exception {
    var folder = folderWithEntries("a", "b", "c");
    assertThat(folder.list(FilePath.ROOT, "", 3, 10).entries()).hasSize(3);
    assertRejected(() -> folder.list(FilePath.ROOT, "", 2, 10));
  }

  /** The path of the request is valid, so {@code BAD_PATH} would blame the caller. */
  @Test
  void anInvalidPathOfTheEngineIsNotTheCallersError() throws Exception {
    var folder = folderWithEntries("../a");
    assertRejected(() -> folder.list(FilePath.ROOT, "", 2, 10));
    assertRejected(() -> folder.read(FILE, 100, new LengthReader(10)));
  }

  @Test
  void aRangeOfAFileHasAtMostTheRequestedBytes() throws Exception {
    var folder = folderWithEntries("a");
    var whole = new LengthReader(10);
    folder.read(FILE, 100, whole);
    assertThat(whole.received.get()).isEqualTo(10);
    var part = new LengthReader(3);
    assertRejected(() -> folder.read(FILE, 100, part));
    assertThat(part.received.get()).isZero();
  }

  private static final class LengthReader implements HomeFolder.Reader {
    final AtomicInteger received = new AtomicInteger();
    private final long length;

    LengthReader(long length) {
      this.length = length;
    }

    @Override
    public HomeFolder.Part begin(HomeFolder.Entry file) {
      return new HomeFolder.Part(0, length);
    }

    @Override
    public void content(ByteString bytes) {
      received.addAndGet(bytes.size());
    }
  }

  @Test
  void tooLargeMessagesNameTheirSetting() throws Exception {
    var large = "x".repeat(5 << 20);
    serve(
        new TestEngine() {
          @Override
          public SandboxObservation observe(SandboxId id) {
            var endpoint = new SandboxEndpoint(large, 1);
            return new SandboxObservation(id, Optional.of(1), new MainProcess.Up(1, endpoint));
          }
        });
    var engine = client();
    var spec = new SandboxSpec(ID, "o", large, 1, new SandboxResources(1, 1, 1, 1));
    for (Runnable call : List.<Runnable>of(() -> engine.observe(ID), () -> engine.create(spec))) {
      var thrown = catchThrowableOfType(SandboxException.class, call::run);
      assertThat(thrown.reason()).isEqualTo(Reason.REFUSED);
      assertThat(thrown)
          .hasMessageContaining("chowder.sandbox.remote.max-message-bytes")
          .hasMessageNotContaining("gRPC");
    }
  }
}
