package dev.chowder.server.node;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UploadFileRequest;
import dev.chowder.server.error.ApiError;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** An upload of which only the first part is sent at first. */
final class Upload implements StreamObserver<Empty> {
  private final CompletableFuture<Optional<Reason>> end = new CompletableFuture<>();
  private final StreamObserver<UploadFileRequest> parts;

  private Upload(Node node, String key) {
    this.parts = node.uploads(key).uploadFile(this);
  }

  /** Sends the first part, and waits until the server has opened the workspace. */
  static Upload begin(Node node, String key, String instanceId) {
    long before = node.calls(Verb.FILES);
    var upload = new Upload(node, key);
    var body =
        HttpBody.newBuilder()
            .setContentType("application/octet-stream")
            .setData(ByteString.copyFromUtf8("a part"));
    upload.parts.onNext(
        UploadFileRequest.newBuilder()
            .setInstanceId(instanceId)
            .setPath("file.txt")
            .setBody(body)
            .build());
    Node.await(() -> node.calls(Verb.FILES) == before ? "the upload has not begun" : "");
    return upload;
  }

  /** Sends the end, and waits until the server has accepted the file. */
  void finish() throws Exception {
    parts.onCompleted();
    var rejected = end.get(20, TimeUnit.SECONDS);
    if (rejected.isPresent()) throw new AssertionError("rejected: " + rejected.get());
  }

  /** Returns why the server rejected the upload. */
  Reason rejection() throws Exception {
    return end.get(20, TimeUnit.SECONDS)
        .orElseThrow(() -> new AssertionError("half an upload was accepted"));
  }

  @Override
  public void onNext(Empty answer) {}

  @Override
  public void onError(Throwable why) {
    var status = Objects.requireNonNull(StatusProto.fromThrowable(why));
    end.complete(Optional.of(ApiError.of(status).reason()));
  }

  @Override
  public void onCompleted() {
    end.complete(Optional.empty());
  }
}
