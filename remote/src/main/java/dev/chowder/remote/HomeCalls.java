package dev.chowder.remote;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.engine.v1.DeleteEntryRequest;
import dev.chowder.engine.v1.DeleteEntryResponse;
import dev.chowder.engine.v1.FileOpened;
import dev.chowder.engine.v1.Folder;
import dev.chowder.engine.v1.HomeServiceGrpc.HomeServiceImplBase;
import dev.chowder.engine.v1.HomeUsage;
import dev.chowder.engine.v1.ListFolderRequest;
import dev.chowder.engine.v1.ListFolderResponse;
import dev.chowder.engine.v1.MakeFolderRequest;
import dev.chowder.engine.v1.MakeFolderResponse;
import dev.chowder.engine.v1.MeasureHomeRequest;
import dev.chowder.engine.v1.MeasureHomeResponse;
import dev.chowder.engine.v1.MoveEntryRequest;
import dev.chowder.engine.v1.MoveEntryResponse;
import dev.chowder.engine.v1.ReadFileRequest;
import dev.chowder.engine.v1.ReadFileResponse;
import dev.chowder.engine.v1.ReadFolderFileRequest;
import dev.chowder.engine.v1.ReadFolderFileResponse;
import dev.chowder.engine.v1.ReadTreeRequest;
import dev.chowder.engine.v1.ReadTreeResponse;
import dev.chowder.engine.v1.TreeCount;
import dev.chowder.engine.v1.WriteFilesRequest;
import dev.chowder.engine.v1.WriteFilesResponse;
import dev.chowder.engine.v1.WriteFolderFileRequest;
import dev.chowder.engine.v1.WriteFolderFileResponse;
import dev.chowder.engine.v1.WriteTreeRequest;
import dev.chowder.remote.EngineErrors.InvalidRequestException;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Serves the home volumes of an engine. */
final class HomeCalls extends HomeServiceImplBase {
  private final SandboxHomes homes;
  private final long maxFilesBytes;

  HomeCalls(SandboxHomes homes, long maxFilesBytes) {
    this.homes = homes;
    this.maxFilesBytes = maxFilesBytes;
  }

  @Override
  public StreamObserver<WriteFilesRequest> writeFiles(StreamObserver<WriteFilesResponse> out) {
    return HandlerCall.requests(
        out,
        call -> {
          var first = call.readNext();
          if (!first.hasStart()) throw new InvalidRequestException("start must come first");
          homes.writeFiles(
              EngineMessages.sandbox(first.getStart().getSandboxId()),
              EngineMessages.fromWire(first.getStart().getFence()),
              files(call));
          call.send(WriteFilesResponse.getDefaultInstance());
        });
  }

  private List<SandboxFile> files(HandlerCall<WriteFilesRequest, WriteFilesResponse> call)
      throws IOException {
    List<SandboxFile> files = new ArrayList<>();
    long bytes = 0;
    for (var next = call.read(); next.isPresent(); next = call.read()) {
      var part = next.get();
      var content = part.hasFile() ? part.getFile().getContent() : part.getContent();
      bytes += content.size();
      if (bytes > maxFilesBytes) {
        throw new SandboxException(
            SandboxException.Reason.REFUSED,
            must("files", "have at most " + maxFilesBytes + " bytes together"));
      }
      if (part.hasFile()) {
        files.add(EngineMessages.fromWire(part.getFile()));
      } else if (part.hasContent() && !files.isEmpty()) {
        var file = files.removeLast();
        files.add(new SandboxFile(file.path(), file.content().concat(content), file.mode()));
      } else {
        throw new InvalidRequestException("file must come before its content");
      }
    }
    return files;
  }

  @Override
  public void readFile(ReadFileRequest request, StreamObserver<ReadFileResponse> out) {
    HandlerCall.responses(
        out,
        call -> {
          var content =
              homes.readFile(
                  EngineMessages.sandbox(request.getSandboxId()),
                  request.getPath(),
                  request.getMaxBytes());
          if (content.isEmpty()) return;
          call.send(
              ReadFileResponse.newBuilder().setOpened(FileOpened.getDefaultInstance()).build());
          Chunks.send(
              content.get(),
              chunk -> call.send(ReadFileResponse.newBuilder().setContent(chunk).build()));
        });
  }

  @Override
  public void measureHome(MeasureHomeRequest request, StreamObserver<MeasureHomeResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var response = MeasureHomeResponse.newBuilder();
          homes
              .measure(
                  EngineMessages.sandbox(request.getSandboxId()),
                  new dev.chowder.sandbox.HomeUsage(request.getMaxBytes(), request.getMaxFiles()))
              .ifPresent(
                  usage ->
                      response.setUsage(
                          HomeUsage.newBuilder().setBytes(usage.bytes()).setFiles(usage.files())));
          return response.build();
        });
  }

  private HomeFolder folder(Folder folder) {
    return homes.folder(
        EngineMessages.sandbox(folder.getSandboxId()), FilePath.parse(folder.getPath()));
  }

  @Override
  public void listFolder(ListFolderRequest request, StreamObserver<ListFolderResponse> out) {
    HandlerCall.responses(
        out, call -> FolderStreams.list(folder(request.getFolder()), request, call));
  }

  @Override
  public StreamObserver<ReadFolderFileRequest> readFolderFile(
      StreamObserver<ReadFolderFileResponse> out) {
    return HandlerCall.requests(
        out,
        call -> {
          var first = call.readNext();
          if (!first.hasStart()) throw new InvalidRequestException("start must come first");
          FolderStreams.read(folder(first.getStart().getFolder()), first.getStart(), call);
        });
  }

  @Override
  public StreamObserver<WriteFolderFileRequest> writeFolderFile(
      StreamObserver<WriteFolderFileResponse> out) {
    return HandlerCall.requests(
        out,
        call -> {
          var first = call.readNext();
          if (!first.hasStart()) throw new InvalidRequestException("start must come first");
          FolderStreams.write(folder(first.getStart()), call);
        });
  }

  @Override
  public void moveEntry(MoveEntryRequest request, StreamObserver<MoveEntryResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          folder(request.getFolder())
              .move(
                  FilePath.parse(request.getSource()),
                  FilePath.parse(request.getDestination()),
                  request.getOverwrite());
          return MoveEntryResponse.getDefaultInstance();
        });
  }

  @Override
  public void deleteEntry(DeleteEntryRequest request, StreamObserver<DeleteEntryResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          folder(request.getFolder())
              .delete(FilePath.parse(request.getPath()), request.getRecursive());
          return DeleteEntryResponse.getDefaultInstance();
        });
  }

  @Override
  public void makeFolder(MakeFolderRequest request, StreamObserver<MakeFolderResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          folder(request.getFolder()).makeFolder(FilePath.parse(request.getPath()));
          return MakeFolderResponse.getDefaultInstance();
        });
  }

  @Override
  public void readTree(ReadTreeRequest request, StreamObserver<ReadTreeResponse> out) {
    HandlerCall.responses(out, call -> FolderStreams.readTree(folder(request.getFolder()), call));
  }

  @Override
  public StreamObserver<WriteTreeRequest> writeTree(StreamObserver<TreeCount> out) {
    return HandlerCall.requests(
        out,
        call -> {
          var first = call.readNext();
          if (!first.hasStart()) throw new InvalidRequestException("start must come first");
          FolderStreams.writeTree(folder(first.getStart()), call);
        });
  }
}
