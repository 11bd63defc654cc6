package dev.chowder.server.file;

import static dev.chowder.base.ErrorText.must;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.DeleteFileRequest;
import dev.chowder.api.v1.DownloadFileRequest;
import dev.chowder.api.v1.GetFileContentRequest;
import dev.chowder.api.v1.ImportFilesRequest;
import dev.chowder.api.v1.ListFilesRequest;
import dev.chowder.api.v1.MakeFolderRequest;
import dev.chowder.api.v1.MoveFileRequest;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.UploadFileRequest;
import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.FileRefused;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.request.Pages;
import java.io.InputStream;
import java.util.Optional;

/** Parses and checks the requests of {@code FileService}. Does not access files. */
record FileRequests(FileSettings settings) {
  private static final String BYTES = "application/octet-stream";

  /**
   * A request for a page of a folder.
   *
   * @param after the last name of the previous page; empty if the first page is requested
   */
  record Listing(FilePath folder, int pageSize, String after) {}

  /** A request to write a file. */
  record Writing(FilePath path, ByteString content) {}

  /** A request to move a file or a folder. */
  record Move(FilePath source, FilePath destination, boolean overwrite) {}

  static InstanceId instance(String id) {
    if (!Ids.isId(id)) throw ApiError.instanceNotFound();
    return new InstanceId(id);
  }

  static Listing listing(ListFilesRequest r) {
    return new Listing(
        r.hasPath() ? path("path", r.getPath()) : FilePath.ROOT,
        Pages.size(r.hasPageSize(), r.getPageSize()),
        after(r.getPageToken()));
  }

  private static String after(String token) {
    if (token.isEmpty()) return "";
    try {
      if (FilePath.parse(token).names().size() == 1) return token;
    } catch (FileRefused none) {
      throw Pages.badToken(token);
    }
    throw Pages.badToken(token);
  }

  static FilePath reading(GetFileContentRequest r) {
    return below("path", r.getPath());
  }

  Writing writing(PutFileContentRequest r) {
    int bytes = r.getContent().getBytes(UTF_8).length;
    if (bytes > settings.maxContentBytes()) {
      throw ApiError.of(
          Reason.TOO_LARGE,
          must("content", "be at most " + settings.maxContentBytes() + " bytes", bytes));
    }
    return new Writing(below("path", r.getPath()), r.getContentBytes());
  }

  UploadForm upload(UploadFileRequest r, InputStream body) {
    return new UploadForm(
        body,
        r.getBody().getContentType(),
        r.hasPath() ? Optional.of(below("path", r.getPath())) : Optional.empty(),
        settings.maxFileBytes());
  }

  TarImport tar(ImportFilesRequest r, InputStream body) {
    var type = r.getBody().getContentType();
    // Clients send the type of BYTES by default.
    if (!type.isEmpty() && !type.equals(TarExport.TYPE) && !type.equals(BYTES)) {
      throw ApiError.must("content-type", "be " + TarExport.TYPE, type);
    }
    return new TarImport(body, settings);
  }

  static FilePath download(DownloadFileRequest r) {
    return below("path", r.getPath());
  }

  static Move move(MoveFileRequest r) {
    return new Move(
        below("source", r.getSource()), below("destination", r.getDestination()), r.getOverwrite());
  }

  static FilePath deletion(DeleteFileRequest r) {
    return below("path", r.getPath());
  }

  static FilePath folder(MakeFolderRequest r) {
    return below("path", r.getPath());
  }

  /** Returns the path, which must not be the workspace itself. */
  static FilePath below(String field, String text) {
    var path = path(field, text);
    if (path.isRoot()) {
      throw ApiError.must(field, "be a path below the workspace", "the workspace itself");
    }
    return path;
  }

  private static FilePath path(String field, String text) {
    try {
      return FilePath.parse(text);
    } catch (FileRefused why) {
      throw ApiError.invalid(field, String.valueOf(why.getMessage()));
    }
  }
}
