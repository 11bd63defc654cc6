package dev.chowder.remote;

import com.google.protobuf.ByteString;
import dev.chowder.engine.v1.HomeServiceGrpc;
import dev.chowder.engine.v1.HomeServiceGrpc.HomeServiceBlockingV2Stub;
import dev.chowder.engine.v1.MeasureHomeRequest;
import dev.chowder.engine.v1.ReadFileRequest;
import dev.chowder.engine.v1.WriteFilesRequest;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/** Accesses home volumes by an engine in another process. */
final class RemoteHomes implements SandboxHomes {
  private final EngineConnection connection;
  private final HomeServiceBlockingV2Stub stub;

  RemoteHomes(EngineConnection connection) {
    this.connection = connection;
    this.stub = HomeServiceGrpc.newBlockingV2Stub(connection.channel());
  }

  @Override
  public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files) {
    try (var stream = connection.open("write files of " + id, stub::writeFiles)) {
      var start =
          WriteFilesRequest.Start.newBuilder()
              .setSandboxId(id.value())
              .setFence(EngineMessages.toWire(fence));
      stream.send(WriteFilesRequest.newBuilder().setStart(start).build());
      for (SandboxFile file : files) {
        stream.send(
            WriteFilesRequest.newBuilder().setFile(EngineMessages.withoutContent(file)).build());
        Chunks.send(
            file.content(),
            chunk -> stream.send(WriteFilesRequest.newBuilder().setContent(chunk).build()));
      }
      stream.endRequests();
      var _ = stream.readLast(connection.settings().callTimeout());
    } catch (IOException never) {
      throw new UncheckedIOException(never);
    }
  }

  @Override
  public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
    var request =
        ReadFileRequest.newBuilder()
            .setSandboxId(id.value())
            .setPath(path)
            .setMaxBytes(maxBytes)
            .build();
    try (var stream = connection.open("read a file of " + id, () -> stub.readFile(request))) {
      var first = stream.read(connection.settings().callTimeout());
      if (first.isEmpty()) return Optional.empty();
      if (!first.get().hasOpened()) throw stream.unexpected();
      var content = ByteString.newOutput();
      for (var part = stream.read(); part.isPresent(); part = stream.read()) {
        part.get().getContent().writeTo(content);
        if (content.size() > maxBytes) throw stream.unexpected();
      }
      return Optional.of(content.toByteString());
    } catch (IOException never) {
      throw new UncheckedIOException(never);
    }
  }

  @Override
  public Optional<HomeUsage> measure(SandboxId id, HomeUsage most) {
    var request =
        MeasureHomeRequest.newBuilder()
            .setSandboxId(id.value())
            .setMaxBytes(most.bytes())
            .setMaxFiles(most.files())
            .build();
    var response = connection.call("measure " + id, stub, homes -> homes.measureHome(request));
    return response.hasUsage()
        ? Optional.of(new HomeUsage(response.getUsage().getBytes(), response.getUsage().getFiles()))
        : Optional.empty();
  }

  @Override
  public HomeFolder folder(SandboxId id, FilePath folder) {
    return new RemoteFolder(connection, stub, id, folder);
  }
}
