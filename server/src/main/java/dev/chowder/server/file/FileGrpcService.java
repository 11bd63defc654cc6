package dev.chowder.server.file;

import static dev.chowder.server.stream.Unary.answer;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.chowder.api.v1.DeleteFileRequest;
import dev.chowder.api.v1.DownloadFileRequest;
import dev.chowder.api.v1.ExportFilesRequest;
import dev.chowder.api.v1.FileContent;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.ImportFilesRequest;
import dev.chowder.api.v1.ImportFilesResponse;
import dev.chowder.api.v1.ListFilesRequest;
import dev.chowder.api.v1.ListFilesResponse;
import dev.chowder.api.v1.MakeFolderRequest;
import dev.chowder.api.v1.MoveFileRequest;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.UploadFileRequest;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.CallHeaders;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.stream.BodySink;
import dev.chowder.server.stream.ResettableBodies;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** Serves {@code FileService}, which reads and writes the files of workspaces. */
public final class FileGrpcService implements FileServiceGrpc.AsyncService, BindableService {
  private final FileRequests requests;
  private final Workspaces workspaces;
  private final FileSettings settings;

  public FileGrpcService(InstanceClient client, Sandboxes sandboxes, FileSettings settings) {
    this.requests = new FileRequests(settings);
    this.workspaces = new Workspaces(client, sandboxes, settings);
    this.settings = settings;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ResettableBodies.in(FileServiceGrpc.bindService(this));
  }

  @Override
  public void listFiles(ListFilesRequest request, StreamObserver<ListFilesResponse> out) {
    var wanted = FileRequests.listing(request);
    var id = FileRequests.instance(request.getInstanceId());
    var caller = Caller.current();
    workspaces.require(caller, id);
    Function<HomeFolder, HomeFolder.Listing> list =
        files ->
            files.list(
                wanted.folder(), wanted.after(), wanted.pageSize(), settings.maxFolderEntries());
    var listing =
        request.getHome()
            ? workspaces.inFullHome(caller, id, list)
            : workspaces.in(caller, id, list);
    answer(out, FilePresenter.listing(wanted.folder(), listing));
  }

  @Override
  public void getFileContent(GetFileContentRequest request, StreamObserver<FileContent> out) {
    var path = FileRequests.reading(request);
    var content =
        workspaces.of(
            request.getInstanceId(), files -> files.read(path, settings.maxContentBytes()));
    if (!content.isValidUtf8()) throw Workspaces.notText(path);
    answer(out, FileContent.newBuilder().setPath(path.toString()).setContentBytes(content).build());
  }

  @Override
  public void putFileContent(PutFileContentRequest request, StreamObserver<Empty> out) {
    var wanted = requests.writing(request);
    var caller = Caller.current();
    var id = FileRequests.instance(request.getInstanceId());
    change(
        id,
        files ->
            files.write(
                workspaces.limited(
                    caller,
                    id,
                    to -> {
                      wanted.content().writeTo(to);
                      return wanted.path();
                    })),
        out);
  }

  @Override
  public StreamObserver<UploadFileRequest> uploadFile(StreamObserver<Empty> out) {
    var caller = Caller.current();
    return new IncomingFiles<>(out, settings) {
      @Override
      Supplier<Empty> begin(UploadFileRequest first, BodyPipe body) {
        var id = FileRequests.instance(first.getInstanceId());
        var form = requests.upload(first, body);
        workspaces.require(caller, id);
        return in(
            workspaces,
            caller,
            id,
            files -> {
              files.write(workspaces.limited(caller, id, form::writeTo));
              return Empty.getDefaultInstance();
            });
      }

      @Override
      ByteString data(UploadFileRequest message) {
        return message.getBody().getData();
      }
    };
  }

  @Override
  public void downloadFile(DownloadFileRequest request, StreamObserver<HttpBody> out) {
    var path = FileRequests.download(request);
    var id = FileRequests.instance(request.getInstanceId());
    var caller = Caller.current();
    workspaces.require(caller, id);
    var body = BodySink.resettable(out, settings.stallTimeout());
    var download =
        new Download(
            body,
            CallHeaders.ofResponse(),
            CallHeaders.requested("range"),
            CallHeaders.requested("if-range"));
    body.run(
        "files-out",
        () ->
            workspaces.in(
                caller,
                id,
                files -> {
                  files.read(path, Long.MAX_VALUE, download);
                  download.requireWhole();
                  return path;
                }));
  }

  @Override
  public void moveFile(MoveFileRequest request, StreamObserver<Empty> out) {
    var wanted = FileRequests.move(request);
    change(
        FileRequests.instance(request.getInstanceId()),
        files -> files.move(wanted.source(), wanted.destination(), wanted.overwrite()),
        out);
  }

  @Override
  public void deleteFile(DeleteFileRequest request, StreamObserver<Empty> out) {
    var path = FileRequests.deletion(request);
    var id = FileRequests.instance(request.getInstanceId());
    if (!request.getHome()) {
      change(id, files -> files.delete(path, request.getRecursive()), out);
      return;
    }
    var caller = Caller.current();
    workspaces.require(caller, id);
    var _ =
        workspaces.inFullHome(
            caller,
            id,
            files -> {
              files.delete(path, request.getRecursive());
              return path;
            });
    answer(out, Empty.getDefaultInstance());
  }

  @Override
  public void makeFolder(MakeFolderRequest request, StreamObserver<Empty> out) {
    var path = FileRequests.folder(request);
    change(FileRequests.instance(request.getInstanceId()), files -> files.makeFolder(path), out);
  }

  @Override
  public void exportFiles(ExportFilesRequest request, StreamObserver<HttpBody> out) {
    var id = FileRequests.instance(request.getInstanceId());
    var caller = Caller.current();
    workspaces.require(caller, id);
    var body = BodySink.resettable(out, settings.stallTimeout());
    var tar = new TarExport(body, CallHeaders.ofResponse(), "workspace-" + id.value() + ".tar");
    body.run(
        "files-out",
        () ->
            workspaces.export(
                caller,
                id,
                files -> {
                  var count = files.readTree(tar);
                  tar.finish();
                  return count;
                }));
  }

  @Override
  public StreamObserver<ImportFilesRequest> importFiles(StreamObserver<ImportFilesResponse> out) {
    var caller = Caller.current();
    return new IncomingFiles<>(out, settings) {
      @Override
      Supplier<ImportFilesResponse> begin(ImportFilesRequest first, BodyPipe body) {
        var id = FileRequests.instance(first.getInstanceId());
        workspaces.require(caller, id);
        var tar = requests.tar(first, body);
        return in(
            workspaces,
            caller,
            id,
            files ->
                FilePresenter.imported(
                    files.writeTree(workspaces.limitedTree(caller, id, tar::writeTo))));
      }

      @Override
      ByteString data(ImportFilesRequest message) {
        return message.getBody().getData();
      }
    };
  }

  private void change(InstanceId id, Consumer<HomeFolder> change, StreamObserver<Empty> out) {
    var caller = Caller.current();
    workspaces.require(caller, id);
    workspaces.change(
        caller,
        id,
        files -> {
          change.accept(files);
          return Empty.getDefaultInstance();
        });
    answer(out, Empty.getDefaultInstance());
  }
}
